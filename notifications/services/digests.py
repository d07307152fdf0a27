"""Collecting news into one summary per person, topic, channel and window."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from notifications.models import Digest, Notification
from notifications.providers.base import Envelope
from notifications.services.publishing import publish
from notifications.topics import get_topic, has_topic

# Where a topic has caps, but no window of its own for what exceeds them.
DEFAULT_WINDOW = timedelta(hours=1)
BATCH = 200
# A summary names so many; the rest it counts.
NAMED = 10

# An open digest is locked by the update, so that it cannot close meanwhile; where it
# just has, another one opens.
COLLECT = """
WITH news AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                         %s::timestamptz[])
        AS news(notification_id, recipient_id, topic, channel, lane, closes_at)
), opened AS (
    INSERT INTO notifications_digest AS digest
           (recipient_id, topic, channel, lane, closes_at)
    SELECT recipient_id, topic, channel, lane, min(closes_at) FROM news
     GROUP BY recipient_id, topic, channel, lane ORDER BY recipient_id, topic, channel
        ON CONFLICT (recipient_id, topic, channel) WHERE closed_at IS NULL
        DO UPDATE SET lane = digest.lane
    RETURNING id, recipient_id, topic, channel
)
INSERT INTO notifications_digestitem (digest_id, notification_id)
SELECT DISTINCT opened.id, news.notification_id
  FROM news JOIN opened USING (recipient_id, topic, channel)
    ON CONFLICT DO NOTHING
"""


def collect(envelopes: Sequence[Envelope], *, now: datetime) -> None:
    """Put messages into their recipients' open digests, in the caller's transaction."""
    if not envelopes:
        return
    rows = [
        (
            envelope.notification_id,
            envelope.person.pk,
            envelope.subject.topic.name,
            envelope.channel,
            envelope.subject.lane,
            now + (envelope.subject.topic.digest_window or DEFAULT_WINDOW),
        )
        for envelope in envelopes
        if envelope.person is not None
    ]
    with connection.cursor() as cursor:
        cursor.execute(COLLECT, [list(column) for column in zip(*rows, strict=True)])


def close_digests(*, now: datetime | None = None) -> int:
    """Publish the summaries whose window is over; return how many."""
    now = now or timezone.now()
    closed = 0
    while True:
        with transaction.atomic():
            due = Digest.objects.select_for_update(skip_locked=True).filter(
                closed_at__isnull=True, closes_at__lte=now
            )
            digests = list(due.order_by("closes_at", "pk")[:BATCH])
            for digest in digests:
                _close(digest, now=now)
        closed += len(digests)
        if len(digests) < BATCH:
            return closed


def _close(digest: Digest, *, now: datetime) -> None:
    digest.closed_at = now
    digest.save(update_fields=["closed_at"])
    if not has_topic(digest.topic):
        return
    pks = list(
        digest.items.order_by("notification_id").values_list(
            "notification_id", flat=True
        )
    )
    named = Notification.objects.filter(pk__in=pks[:NAMED]).select_related("wording")
    publish(
        get_topic(digest.topic),
        recipients=[digest.recipient_id],
        key=f"digest:{digest.pk}",
        context={
            "count": len(pks),
            "items": [
                {"title": one.wording.title, "url": one.wording.url}
                for one in named.order_by("pk")
            ],
            "more": max(0, len(pks) - NAMED),
        },
        only_channel=digest.channel,
    )
