"""Whether a phone is its owner's: a code by text says so."""

import secrets
import unicodedata
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from customers.exceptions import (
    CodeExpiredError,
    CodeJustSentError,
    CustomerError,
    NoPhoneError,
    NoTextsError,
    WrongCodeError,
)
from customers.models import PhoneCode, User
from customers.notifications import CODE_AGE, tell_phone_code
from customers.throttling import CODES_A_DAY, CODES_AT_ONCE, spend
from notifications.people import SMS_ACCOUNTS

RESEND_AFTER = timedelta(seconds=60)
MAX_ATTEMPTS = 5
DIGITS = 6


def can_send_codes() -> bool:
    """Tell whether there is anybody to carry text messages."""
    return any(account in settings.NOTIFICATIONS for account in SMS_ACCOUNTS)


def send_phone_code(*, user_pk: int, now: datetime | None = None) -> None:
    """Text a code to a user's phone; the one before is no longer good.

    Raises NoPhoneError, NoTextsError, CodeJustSentError or TooManyAttemptsError. Does
    nothing when the phone is verified.
    """
    now = now or timezone.now()
    user = User.objects.get(pk=user_pk)
    _check_may_send(user, now)
    if user.phone_verified_at is not None:
        return
    # By the number as well: many accounts must not text one stranger.
    for who in (f"user {user_pk}", str(user.phone)):
        spend((CODES_AT_ONCE, who), (CODES_A_DAY, who))
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user_pk)
        _check_may_send(user, now)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        PhoneCode.objects.update_or_create(
            user=user,
            defaults={
                "phone": user.phone,
                "digest": _digest(user, code),
                "sent_at": now,
                "attempts": 0,
            },
        )
        tell_phone_code(user, code=code, sent_at=now)


def verify_phone(*, user_pk: int, code: str, now: datetime | None = None) -> None:
    """Take a phone for its owner's if this is the code; each guess counts.

    Raises WrongCodeError or CodeExpiredError.
    """
    # The guess is written down whatever comes of it.
    error = _verify(user_pk, _digits(code), now or timezone.now())
    if error is not None:
        raise error


@transaction.atomic
def _verify(user_pk: int, code: str, now: datetime) -> CustomerError | None:
    user = User.objects.select_for_update(no_key=True).get(pk=user_pk)
    sent = PhoneCode.objects.filter(user=user).first()
    if sent is None or not _is_good(sent, user, now):
        return CodeExpiredError()
    if not constant_time_compare(sent.digest, _digest(user, code)):
        PhoneCode.objects.filter(pk=sent.pk).update(attempts=F("attempts") + 1)
        is_last = sent.attempts + 1 >= MAX_ATTEMPTS
        return CodeExpiredError() if is_last else WrongCodeError()
    sent.delete()
    user.phone_verified_at = now
    user.save(update_fields=["phone_verified_at"])
    return None


def _is_good(sent: PhoneCode, user: User, now: datetime) -> bool:
    return (
        sent.attempts < MAX_ATTEMPTS
        and now - sent.sent_at <= CODE_AGE
        and sent.phone == user.phone
    )


def _check_may_send(user: User, now: datetime) -> None:
    if not user.phone:
        raise NoPhoneError
    if not can_send_codes():
        raise NoTextsError
    just_now = now - RESEND_AFTER
    sent = PhoneCode.objects.filter(user=user, phone=user.phone, sent_at__gt=just_now)
    if sent.exists():
        raise CodeJustSentError


def _digest(user: User, code: str) -> str:
    # With the site's secret: six digits alone would be found by trying them all.
    text = f"{user.pk}:{user.phone}:{code}"
    return salted_hmac("customers.phone-code", text, algorithm="sha256").hexdigest()


def _digits(text: str) -> str:
    """Return the digits of what was typed, of whatever script, as 0 to 9."""
    digits = (unicodedata.digit(character, None) for character in text)
    return "".join(str(digit) for digit in digits if digit is not None)[:20]
