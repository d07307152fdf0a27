"""Claim a batch, hand it to its providers, write down every outcome."""

import logging
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from notifications.backoff import MOST_ATTEMPTS, retry_after
from notifications.models import Attempt, Channel, Message
from notifications.providers import PROVIDERS
from notifications.providers.base import Outcome, Result

logger = logging.getLogger(__name__)

BATCH = 500
# Longer than any batch may take: a task is ended after a minute.
LEASE = timedelta(seconds=75)
# After so many seconds nothing more is handed over, so that a slow provider cannot
# drag a batch past its lease.
BUDGET = 15.0
# A mail repeats its Message-ID, so that a doubtful one may safely go again.
RESENT_WHEN_UNKNOWN = frozenset({Channel.EMAIL})


def send_next_batch(*, priority: str, now: datetime | None = None) -> int:
    """Send up to a batch of the lane's due messages; return how many were claimed.

    No transaction is open while a provider is spoken to. The lease's token is the
    fence: an outcome is written only for messages this call still holds.
    """
    now = now or timezone.now()
    token = uuid.uuid4()
    claimed = _claim(priority=priority, token=token, now=now)
    if not claimed:
        return 0
    held = Message.objects.filter(pk__in=claimed, lease_token=token)
    held.filter(expires_at__lte=now).update(
        status=Message.Status.EXPIRED,
        reason="expired",
        lease_token=None,
        leased_until=None,
        ended_at=now,
    )
    # The inbox goes first: it never waits for a mail server.
    messages = list(
        held.select_related("notification__event", "notification__recipient").order_by(
            "-channel", "pk"
        )
    )
    started = monotonic()
    for channel, group in groupby(messages, key=lambda message: message.channel):
        for batch in _split(list(group), size=PROVIDERS[channel].batch_size):
            if monotonic() - started < BUDGET:
                _record(batch, _hand_over(channel, batch), token=token)
    _give_back(held)
    return len(claimed)


def _split(messages: list[Message], *, size: int) -> Iterator[list[Message]]:
    for start in range(0, len(messages), size):
        yield messages[start : start + size]


def _give_back(held: QuerySet[Message]) -> None:
    """Return what was never handed over; that was no attempt."""
    held.update(
        status=Message.Status.READY,
        attempt_count=F("attempt_count") - 1,
        lease_token=None,
        leased_until=None,
    )


def _claim(*, priority: str, token: uuid.UUID, now: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE notifications_message
               SET status = 'leased', lease_token = %s, leased_until = %s,
                   attempt_count = attempt_count + 1
             WHERE id IN (SELECT id FROM notifications_message
                           WHERE status = 'ready' AND priority = %s AND due_at <= %s
                           ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [token, now + LEASE, priority, now, BATCH],
        )
        return [row[0] for row in cursor.fetchall()]


def _hand_over(channel: str, messages: list[Message]) -> list[Outcome]:
    try:
        return PROVIDERS[channel].send(messages)
    except Exception as error:  # The outermost boundary: a bug stays its provider's.
        logger.exception("The %s provider broke.", channel)
        outcome = Outcome(Result.RETRY, f"{type(error).__name__}: {error}")
        return [outcome] * len(messages)


@transaction.atomic
def _record(
    messages: list[Message], outcomes: list[Outcome], *, token: uuid.UUID
) -> None:
    now = timezone.now()
    held = set(
        Message.objects.select_for_update()
        .filter(pk__in=[message.pk for message in messages], lease_token=token)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    pairs = [
        (message, outcome)
        for message, outcome in zip(messages, outcomes, strict=True)
        if message.pk in held
    ]
    Attempt.objects.bulk_create(
        Attempt(
            message=message, at=now, outcome=outcome.result, answer=outcome.answer[:500]
        )
        for message, outcome in pairs
    )
    for message, outcome in pairs:
        _apply(message, outcome, now=now)
    Message.objects.bulk_update(
        [message for message, _ in pairs],
        ["status", "reason", "due_at", "lease_token", "leased_until", "ended_at"],
    )


def _apply(message: Message, outcome: Outcome, *, now: datetime) -> None:
    message.lease_token = None
    message.leased_until = None
    message.reason = "" if outcome.result == Result.ACCEPTED else outcome.answer[:80]
    goes_again = outcome.result == Result.RETRY or (
        outcome.result == Result.UNKNOWN and message.channel in RESENT_WHEN_UNKNOWN
    )
    if goes_again and message.attempt_count < MOST_ATTEMPTS:
        message.status = Message.Status.READY
        message.due_at = now + retry_after(message.attempt_count)
        return
    message.status = {
        Result.ACCEPTED: Message.Status.ACCEPTED,
        Result.RETRY: Message.Status.DEAD,
        Result.PERMANENT: Message.Status.FAILED,
        Result.UNKNOWN: Message.Status.UNKNOWN,
    }[outcome.result]
    message.ended_at = now


def return_expired_leases(*, now: datetime | None = None) -> int:
    """Make ready again what a sender that died was holding; return how many.

    A message whose senders keep dying becomes a dead letter like any other.
    """
    now = now or timezone.now()
    held = Message.objects.filter(status=Message.Status.LEASED, leased_until__lte=now)
    dead = held.filter(attempt_count__gte=MOST_ATTEMPTS).update(
        status=Message.Status.DEAD,
        reason="senders died",
        lease_token=None,
        leased_until=None,
        ended_at=now,
    )
    return dead + held.update(
        status=Message.Status.READY, lease_token=None, leased_until=None
    )


def redrive_messages(*, message_pks: Iterable[int], now: datetime | None = None) -> int:
    """Send dead letters and unknown ones again; return how many.

    They get fresh attempts and at least an hour before they expire.
    """
    now = now or timezone.now()
    return (
        Message.objects.filter(pk__in=list(message_pks))
        .filter(Q(status=Message.Status.DEAD) | Q(status=Message.Status.UNKNOWN))
        .update(
            status=Message.Status.READY,
            reason="",
            due_at=now,
            expires_at=now + timedelta(hours=1),
            attempt_count=0,
            ended_at=None,
        )
    )
