"""Signing in on a phone or tablet: a session for its app, and a word to its owner."""

import secrets
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from customers.browsers import app_key_of
from customers.exceptions import WrongSignInError
from customers.models import Scope, User
from customers.services.app_sessions import Tokens, lock_sessions_of, sign_in_app
from customers.services.browsers import note_sign_in


@transaction.atomic
def sign_in_device(
    *, user: User, name: str, device_id: str, scopes: Iterable[Scope]
) -> Tokens:
    """Sign in who has proved to be a user; tell them of a device they never used.

    Raises WrongSignInError if the account changed since that proof. A device that
    names no id is a new one each time.
    """
    current = lock_sessions_of(user.pk)
    if not current or not current.is_active or current.password != user.password:
        raise WrongSignInError
    name = " ".join(name.split())
    note_sign_in(
        user_pk=current.pk,
        browser_key=app_key_of(device_id or secrets.token_urlsafe(24)),
        label=name,
    )
    # Links that sign in and were mailed before are spent by it.
    current.last_login = timezone.now()
    current.save(update_fields=["last_login"])
    return sign_in_app(user=current, name=name, scopes=scopes)
