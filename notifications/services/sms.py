"""What carriers and people say about text messages."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from notifications.models import Channel, Message, SmsReference, Suppression
from notifications.providers.base import Envelope, Outcome
from notifications.providers.twilio import STOPPED, message_of, sign
from notifications.services.suppression import lift_suppression, suppress

STATUS = Message.Status
# Before its outcome is written down, or where its answer was lost, a receipt counts.
AWAITING = (STATUS.LEASED, STATUS.ACCEPTED, STATUS.UNKNOWN)
# What US law (47 CFR 64.1200(a)(10)) and carriers take for "no more".
STOP_WORDS = {
    *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"),
    *("REVOKE", "OPTOUT"),
}
START_WORDS = {"START", "YES", "UNSTOP"}
REFERENCES_KEPT = timedelta(days=3)
DELIVERED = "delivered"
UNDELIVERED = {"undelivered", "failed"}


class Said(Enum):
    """What a person's message asked for."""

    STOP = "stop"
    START = "start"
    OTHER = "other"


def record_receipt(*, message_pk: int, is_delivered: bool, reason: str = "") -> bool:
    """Write down whether a message reached the phone; tell whether it was news."""
    status = STATUS.DELIVERED if is_delivered else STATUS.UNDELIVERED
    changed = Message.objects.filter(
        pk=message_pk, channel=Channel.SMS, status__in=AWAITING
    ).update(
        status=status, reason="" if is_delivered else reason, ended_at=timezone.now()
    )
    return bool(changed)


def record_receipt_by_reference(
    *, provider: str, reference: str, is_delivered: bool, reason: str = ""
) -> bool:
    """Do the same by the carrier's own id; tell whether that is known (yet)."""
    with transaction.atomic():
        found = (
            SmsReference.objects.select_for_update()
            .filter(provider=provider, reference=reference)
            .first()
        )
        if found is None:
            return False
        record_receipt(
            message_pk=found.message_id, is_delivered=is_delivered, reason=reason
        )
        found.delete()
    return True


def keep_references(answers: Iterable[tuple[Envelope, Outcome]]) -> None:
    """Remember what carriers call messages that they will speak of again."""
    # A centre that was set up anew counts from one again: the newer message it is.
    known = {
        (envelope.provider, outcome.reference): SmsReference(
            provider=envelope.provider,
            reference=outcome.reference,
            message_id=envelope.message_id,
        )
        for envelope, outcome in answers
        if outcome.reference
    }
    SmsReference.objects.bulk_create(
        known.values(),
        update_conflicts=True,
        unique_fields=["provider", "reference"],
        update_fields=["message_id", "created_at"],
    )


def forget_old_references(*, now: datetime | None = None) -> int:
    """Forget messages that no carrier will speak of any more; return how many."""
    before = (now or timezone.now()) - REFERENCES_KEPT
    deleted, _ = SmsReference.objects.filter(created_at__lt=before).delete()
    return deleted


def receive_sms(*, from_number: str, text: str) -> Said:
    """Do what a person's message asks for: to get no more, or to get them again."""
    word = "".join(filter(str.isalnum, text)).upper()
    if word in STOP_WORDS:
        suppress(
            channel=Channel.SMS,
            address=from_number,
            reason=Suppression.Reason.STOP,
            detail=text,
        )
        return Said.STOP
    if word in START_WORDS:
        lift_suppression(
            channel=Channel.SMS,
            address=from_number,
            reason=Suppression.Reason.STOP,
        )
        return Said.START
    return Said.OTHER


def is_from_twilio(
    *, path: str, form: Iterable[tuple[str, list[str]]], signature: str
) -> bool:
    """Tell whether Twilio signed a form that was posted to a path of this site."""
    account = settings.NOTIFICATIONS.get("TWILIO")
    if account is None:
        return False
    signed = sign(account["auth_token"], f"{settings.SITE_URL}{path}", form)
    return constant_time_compare(signed, signature)


def record_twilio_status(*, token: str, form: Mapping[str, str]) -> bool:
    """Take in what Twilio says of a message; tell whether it was final news."""
    message_pk = message_of(token)
    status, code = form.get("MessageStatus", ""), form.get("ErrorCode", "")
    if message_pk is None or status not in {DELIVERED, *UNDELIVERED}:
        return False
    if code == str(STOPPED):
        receive_sms(from_number=form.get("To", ""), text="STOP")
    return record_receipt(
        message_pk=message_pk,
        is_delivered=status == DELIVERED,
        reason=f"twilio_{code or status}"[:80],
    )
