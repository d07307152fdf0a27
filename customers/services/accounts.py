"""Opening an account and changing it."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from customers.exceptions import EmailTakenError
from customers.models import PhoneCode, User
from customers.notifications import tell_password_changed
from customers.services.app_sessions import end_app_sessions


def register_user(
    *,
    email: str,
    password: str,
    name: str = "",
    phone: str = "",
    time_zone: str = "UTC",
    locale: str = "en",
) -> User:
    """Open an account; raises EmailTakenError, also when two ask at once."""
    try:
        with transaction.atomic():
            return User.objects.create_user(
                email,
                password,
                name=name,
                phone=phone,
                time_zone=time_zone,
                locale=locale,
            )
    except IntegrityError as error:
        raise EmailTakenError from error


@transaction.atomic
def change_profile(
    *, user_pk: int, name: str, phone: str, time_zone: str, locale: str
) -> User:
    """Change how a user is called, reached and shown times.

    Another phone is not verified.
    """
    user = User.objects.select_for_update().get(pk=user_pk)
    if str(user.phone) != phone:
        user.phone_verified_at = None
        PhoneCode.objects.filter(user=user).delete()
    user.name = name
    user.phone = phone
    user.time_zone = time_zone
    user.locale = locale
    user.save(
        update_fields=["name", "phone", "phone_verified_at", "time_zone", "locale"]
    )
    return user


@transaction.atomic
def change_password(*, user: User, password: str) -> None:
    """Give a user another password, with all that comes of it."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    user.set_password(password)
    user.save(update_fields=["password"])
    heed_password_change(user=user)


@transaction.atomic
def heed_password_change(*, user: User) -> None:
    """Sign a user's apps out, and tell them of it, in case it was not by them.

    A session of the site ends by itself: it holds a digest of the password's hash.
    """
    end_app_sessions(user=user)
    tell_password_changed(user, at=timezone.now())
