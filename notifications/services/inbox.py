"""What people do with their inbox, and its counter of unread notifications."""

from collections.abc import Iterable, Sequence
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from notifications.live import tell_streams
from notifications.models import Notification, UnreadCount


def count_as_unread(recipient_pks: Sequence[int]) -> None:
    """Add to the counters, once for each time a pk is named."""
    if not recipient_pks:
        return
    with connection.cursor() as cursor:
        # In one order, so that two planners do not wait for each other.
        cursor.execute(
            """
            INSERT INTO notifications_unreadcount AS counter (user_id, unread)
            SELECT pk, count(*) FROM unnest(%s::bigint[]) AS pk GROUP BY pk ORDER BY pk
                ON CONFLICT (user_id)
                DO UPDATE SET unread = counter.unread + excluded.unread
            """,
            [list(recipient_pks)],
        )
    _tell_after_commit(set(recipient_pks))


def mark_read(*, notification: Notification) -> None:
    """Mark one notification read; reading again keeps the first moment."""
    _mark_read(notification.recipient_id, pk=notification.pk)


def mark_unread(*, notification: Notification) -> None:
    """Mark one notification of the inbox unread again."""
    with transaction.atomic():
        changed = Notification.objects.filter(
            pk=notification.pk,
            in_inbox=True,
            archived_at__isnull=True,
            read_at__isnull=False,
        ).update(read_at=None)
        count_as_unread([notification.recipient_id] * changed)


def mark_all_read(*, recipient_pk: int) -> int:
    """Mark all of a person's notifications read; return how many were not."""
    return _mark_read(recipient_pk)


def archive(*, notification: Notification) -> None:
    """Take a notification out of the inbox; it counts as read."""
    with transaction.atomic():
        mark_read(notification=notification)
        Notification.objects.filter(pk=notification.pk, archived_at=None).update(
            archived_at=timezone.now()
        )


@transaction.atomic
def _mark_read(recipient_pk: int, **which: int) -> int:
    changed = Notification.objects.filter(
        recipient=recipient_pk, in_inbox=True, read_at__isnull=True, **which
    ).update(read_at=timezone.now())
    if changed:
        UnreadCount.objects.filter(user=recipient_pk).update(
            unread=Greatest(F("unread") - changed, 0)
        )
        _tell_after_commit([recipient_pk])
    return changed


def _tell_after_commit(user_pks: Iterable[int]) -> None:
    if settings.NOTIFICATIONS_LIVE:
        transaction.on_commit(partial(tell_streams, user_pks), robust=True)
