"""Writing down what became of messages, and deciding which of them go again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from notifications.backoff import retry_after
from notifications.copying import as_array, copy_rows
from notifications.models import Channel, Lease, Message
from notifications.providers.base import Envelope, Outcome, Result
from notifications.rules import Decision
from notifications.services.claiming import read_envelopes
from notifications.services.devices import deactivate_devices, deactivate_endpoints
from notifications.services.digests import collect
from notifications.services.sms import keep_references
from notifications.services.states import (
    State,
    set_fallbacks,
    start_anew,
    state_of,
    write_states,
)
from notifications.services.suppression import suppress_stopped
from notifications.services.tallies import Done, count_up
from notifications.topics import WhenCapped, WhenUnknown

STATUS = Message.Status
BATCH = 500
ENDS = {
    Result.ACCEPTED: STATUS.ACCEPTED,
    Result.PERMANENT: STATUS.FAILED,
    Result.EXPIRED: STATUS.EXPIRED,
}
SENDER_DIED = Outcome(Result.UNKNOWN, "the sender died", "sender_died")


@dataclass(frozen=True, slots=True)
class Held:
    """A message that was not handed over: it was too much at once."""

    envelope: Envelope
    decision: Decision
    lease_id: int


def settle(envelope: Envelope, outcome: Outcome, *, now: datetime) -> State:
    """Say where an outcome leaves its message (pure but for the jitter)."""
    topic = envelope.subject.topic
    # A text costs, and does not replace itself on the phone.
    is_held = topic.when_unknown == WhenUnknown.HOLD or envelope.channel == Channel.SMS
    if outcome.result in ENDS or (outcome.result is Result.UNKNOWN and is_held):
        return State(ENDS.get(outcome.result, STATUS.UNKNOWN), outcome.reason)
    # Each redrive gives as many attempts again.
    if envelope.attempt_number % topic.most_attempts == 0:
        return State(STATUS.DEAD, outcome.reason)
    wait = retry_after(envelope.attempt_number, longest=topic.longest_wait)
    if outcome.retry_after is not None:
        # Not all at the very moment that was named.
        wait += timedelta(seconds=outcome.retry_after)
    if now + wait >= envelope.expires_at:
        return State(STATUS.EXPIRED, outcome.reason)
    return State(STATUS.READY, outcome.reason, now + wait)


@transaction.atomic
def record(
    done: Sequence[Done],
    *,
    held: Sequence[Held] = (),
    finished: Iterable[int] = (),
) -> int:
    """Write attempts and outcomes of what the caller still holds; return how many.

    What was `held` back counts as no attempt. `finished` are the leases of which
    nothing is left to do.
    """
    now = timezone.now()
    leases = {each.lease_id for each in done} | {each.lease_id for each in held}
    standing = set(
        Lease.objects.select_for_update()
        .filter(pk__in=leases.union(finished))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    mine = [each for each in done if each.lease_id in standing]
    _write(mine, now=now)
    _write_held([each for each in held if each.lease_id in standing], now=now)
    Lease.objects.filter(pk__in=standing.intersection(finished)).delete()
    count_up(mine, now=now)
    return len(mine)


def _write(done: Sequence[Done], *, now: datetime) -> None:
    copy_rows(
        "attempt",
        ["message_id", "number", "at", "outcome", "answer"],
        (
            (
                each.envelope.message_id,
                each.envelope.attempt_number,
                each.at,
                each.outcome.result,
                each.outcome.answer,
            )
            for each in done
        ),
    )
    accepted: list[int] = []
    others: list[tuple[Envelope, State]] = []
    for each in done:
        if each.outcome.result is Result.ACCEPTED:
            accepted.append(each.envelope.message_id)
        else:
            state = settle(each.envelope, each.outcome, now=now)
            others.append((each.envelope, state))
    if accepted:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE notifications_message"
                " SET status = 'accepted', reason = '', ended_at = %s"
                # A receipt may have been quicker.
                " WHERE id = ANY(%s::bigint[]) AND status = 'leased'",
                [now, as_array(accepted)],
            )
    write_states(others, now=now, not_attempted=False)
    set_fallbacks(others, now=now)
    answers = [(each.envelope, each.outcome) for each in done]
    deactivate_devices(answers)
    deactivate_endpoints(answers)
    suppress_stopped(answers)
    keep_references(answers)


def _write_held(held: Sequence[Held], *, now: datetime) -> None:
    states = []
    collected = []
    for each in held:
        envelope, decision = each.envelope, each.decision
        state = state_of(decision, expires_at=envelope.expires_at)
        topic = envelope.subject.topic
        if state.status == STATUS.SUPPRESSED and topic.when_capped is WhenCapped.DIGEST:
            state = State(STATUS.DIGESTED, decision.reason)
            collected.append(envelope)
        states.append((envelope, state))
    write_states(states, now=now, not_attempted=True)
    set_fallbacks(states, now=now)
    collect(collected, now=now)


def return_expired_leases(*, now: datetime | None = None) -> int:
    """Take back what senders that died were holding; return how many messages.

    They may have left or not: each counts as an attempt of unknown outcome.
    """
    now = now or timezone.now()
    returned = 0
    while True:
        with transaction.atomic():
            lease = (
                Lease.objects.select_for_update(skip_locked=True)
                .filter(leased_until__lte=now)
                .order_by("pk")
                .first()
            )
            if lease is None:
                return returned
            left = Message.objects.filter(
                pk__in=lease.message_ids, status=STATUS.LEASED
            )
            done = [
                Done(envelope, SENDER_DIED, lease.pk, now)
                for envelope in read_envelopes(
                    list(left.values_list("pk", flat=True)), {}
                )
            ]
            _write(done, now=now)
            # What is still held has no topic any more.
            left.update(status=STATUS.FAILED, reason="no_topic", ended_at=now)
            lease.delete()
            returned += len(done)


def redrive_messages(*, message_pks: Iterable[int], now: datetime | None = None) -> int:
    """Send dead letters and unknown ones again; return how many.

    They get fresh attempts and at least an hour before they expire.
    """
    now = now or timezone.now()
    with transaction.atomic():
        messages = list(
            Message.objects.select_for_update(of=("self",))
            .filter(pk__in=list(message_pks))
            .filter(Q(status=STATUS.DEAD) | Q(status=STATUS.UNKNOWN))
            .select_related("notification__event")
        )
        start_anew(messages, expires_at=now + timedelta(hours=1), now=now)
    return len(messages)
