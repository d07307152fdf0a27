"""Forgetting what one person was told."""

from django.db import connection, transaction

from notifications.models import WebhookEndpoint


@transaction.atomic
def forget_notifications(*, user_pk: int) -> None:
    """Delete all that somebody was told, was still to be told, and where they heard."""
    WebhookEndpoint.objects.filter(owner=user_pk).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM notifications_notification WHERE recipient_id = %s"
            " RETURNING id, event_id, wording_id",
            [user_pk],
        )
        told = cursor.fetchall()
        cursor.execute(
            "DELETE FROM notifications_message"
            " WHERE notification_id = ANY(%s::bigint[]) RETURNING id",
            [[row[0] for row in told]],
        )
        messages = [row[0] for row in cursor.fetchall()]
        for table in ("attempt", "timer", "smsreference"):
            cursor.execute(
                f"DELETE FROM notifications_{table}"  # noqa: S608 - one of three
                " WHERE message_id = ANY(%s::bigint[])",
                # A timer may be a notification's.
                [[*messages, *(row[0] for row in told)]],
            )
        # What nobody else was told has words that are about this person.
        cursor.execute(
            "SELECT id FROM notifications_event WHERE recipient_count = 1"
            " AND (id = ANY(%s::bigint[]) OR id IN (SELECT event_id FROM"
            " notifications_chunk WHERE recipient_ids = ARRAY[%s::bigint]))"
            " AND NOT EXISTS (SELECT FROM notifications_campaign"
            " WHERE event_id = notifications_event.id)",
            [[row[1] for row in told], user_pk],
        )
        alone = {row[0] for row in cursor.fetchall()}
        cursor.execute(
            "DELETE FROM notifications_wording WHERE id = ANY(%s::bigint[])",
            [[row[2] for row in told if row[1] in alone]],
        )
        cursor.execute(
            "DELETE FROM notifications_chunk WHERE event_id = ANY(%s::bigint[])",
            [list(alone)],
        )
        cursor.execute(
            "DELETE FROM notifications_event WHERE id = ANY(%s::bigint[])",
            [list(alone)],
        )
