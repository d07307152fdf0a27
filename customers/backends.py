"""Who may sign in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from customers.browsers import known_key_of
from customers.exceptions import TooManyAttemptsError
from customers.models import User
from customers.services import list_sign_in_attempts
from customers.throttling import give_back, place_of, spend


class AccountBackend(ModelBackend):
    """Signs in accounts by email and password; guests have neither.

    A class of its own since an email is unique among accounts only, which Django's
    backend does not expect (`User.objects.get_by_natural_key` leaves guests out).
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        browser_key: str = "",
        **kwargs: Any,
    ) -> User | None:
        """Return who has this email and password, unless it was tried too often.

        That is said by a ValidationError, which each sign-in form (ours, the owners'
        and the operators') shows as its own. An app, which has no cookie, gives a key.
        """
        email = username or kwargs.get(User.USERNAME_FIELD) or ""
        attempts = list_sign_in_attempts(
            email=email,
            place=place_of(request),
            browser_key=browser_key or (known_key_of(request) if request else ""),
        )
        try:
            spend(*attempts)
        except TooManyAttemptsError as error:
            raise ValidationError(
                str(error), code=error.code, params={"seconds": error.seconds}
            ) from error
        user = super().authenticate(
            request, username=username, password=password, **kwargs
        )
        if user is None:
            return None
        give_back(*attempts)
        assert isinstance(user, User)
        return user
