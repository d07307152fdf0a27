"""Links by mail: one signs in, one gives an account another email."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.encoding import force_str
from django.utils.http import (
    base36_to_int,
    urlsafe_base64_decode,
    urlsafe_base64_encode,
)

from customers.exceptions import EmailTakenError, LinkExpiredError
from customers.models import User

SIGN_IN_LINK_AGE = timedelta(minutes=15)
EMAIL_LINK_AGE = timedelta(hours=24)
EMAIL_SALT = "customers.new-email"


class SignInTokens(PasswordResetTokenGenerator):
    """Tokens that sign in: good for 15 minutes, and until the next sign-in."""

    key_salt = "customers.sign-in-link"

    def check_token(self, user: Any, token: str | None) -> bool:
        if not super().check_token(user, token):
            return False
        made_at = base36_to_int(str(token).split("-")[0])
        age = self._num_seconds(self._now()) - made_at
        return bool(age <= SIGN_IN_LINK_AGE.total_seconds())

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        # To the microsecond, which Django's own leaves out: a link must die even by a
        # sign-in of the same second.
        last: datetime | None = user.last_login
        moment = last.isoformat() if last else ""
        return f"{user.pk}{user.password}{moment}{timestamp}{user.email}"


tokens = SignInTokens()


def make_sign_in_link(user: User) -> tuple[str, str]:
    """Return the two parts of a link's address: whose it is, and its token."""
    return part_of_link(user), tokens.make_token(user)


def part_of_link(user: User) -> str:
    """Return the part of a link's address that says whose it is."""
    return urlsafe_base64_encode(str(user.pk).encode())


def find_by_sign_in_link(*, uid: str, token: str) -> User:
    """Return whom a link would sign in; raises LinkExpiredError. Changes nothing."""
    user = _accounts(uid).first()
    if user is None or not tokens.check_token(user, token):
        raise LinkExpiredError
    return user


@transaction.atomic
def use_sign_in_link(*, uid: str, token: str) -> User:
    """Return whom a link signs in, and spend it; raises LinkExpiredError."""
    user = _accounts(uid).select_for_update(no_key=True).first()
    if user is None or not tokens.check_token(user, token):
        raise LinkExpiredError
    # What the token was made of: of two who press at once, one comes in.
    user.last_login = timezone.now()
    user.save(update_fields=["last_login"])
    return user


def _accounts(uid: str) -> QuerySet[User]:
    try:
        pk = int(force_str(urlsafe_base64_decode(uid)))
    except (ValueError, OverflowError):
        return User.objects.none()
    if not 0 < pk < 2**63:
        return User.objects.none()
    return User.objects.filter(pk=pk, is_active=True, is_guest=False)


def make_email_token(*, user: User, email: str) -> str:
    """Return a token that gives an account a new email, once."""
    content = {"user": user.pk, "email": email, "state": _state_of(user)}
    return signing.dumps(content, salt=EMAIL_SALT, compress=True)


def read_email_token(token: str) -> tuple[User, str]:
    """Return whose token it is, and the new email; raises LinkExpiredError."""
    try:
        content = signing.loads(token, salt=EMAIL_SALT, max_age=EMAIL_LINK_AGE)
    except signing.BadSignature as error:
        raise LinkExpiredError from error
    user = User.objects.filter(
        pk=content["user"], is_active=True, is_guest=False
    ).first()
    if user is None or not constant_time_compare(content["state"], _state_of(user)):
        raise LinkExpiredError
    return user, content["email"]


def change_email(*, token: str) -> tuple[User, str]:
    """Give an account the email of a token; return it, and the email it had.

    Raises LinkExpiredError, or EmailTakenError when somebody has it by now.
    """
    try:
        with transaction.atomic():
            pk = read_email_token(token)[0].pk
            User.objects.select_for_update().get(pk=pk)
            user, email = read_email_token(token)
            before = user.email
            user.email = email
            user.save(update_fields=["email"])
    except IntegrityError as error:
        raise EmailTakenError from error
    return user, before


def _state_of(user: User) -> str:
    # A changed password or email ends it: who took an account over for a moment must
    # not be able to come back by a link asked for then.
    text = f"{user.pk}:{user.password}:{user.email}"
    return salted_hmac(EMAIL_SALT, text, algorithm="sha256").hexdigest()
