"""A partition for each day to come; old days are dropped whole."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from notifications.ids import lowest_id
from notifications.models import Campaign, Digest, Event

# Each with the column that holds the id, which holds the day.
TABLES = {
    "wording": "id",
    "notification": "id",
    "message": "id",
    "attempt": "message_id",
}
DAYS_AHEAD = 14
DAYS_KEPT = 90
DAY = timedelta(days=1)
BATCH = 10_000


def make_partitions(*, now: datetime | None = None) -> list[str]:
    """Make the partitions of the days ahead that there are none for; return them."""
    today = (
        (now or timezone.now())
        .astimezone(UTC)
        .replace(hour=0, minute=0, second=0, microsecond=0)
    )
    made = []
    for table, column in TABLES.items():
        existing = set(_list_partitions(table))
        for ahead in range(DAYS_AHEAD + 1):
            day = today + ahead * DAY
            name = f"notifications_{table}_{day:%Y%m%d}"
            if name not in existing:
                _make(table, column, name, day)
                made.append(name)
    return made


@transaction.atomic
def _make(table: str, column: str, name: str, day: datetime) -> None:
    """Make one partition, and move into it what the default one took of its day."""
    parent = f"notifications_{table}"
    bounds = (lowest_id(day), lowest_id(day + DAY))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        cursor.execute(f"CREATE TABLE {name} (LIKE {parent} INCLUDING ALL)")
        if table == "message":
            # Room to change each row once in its own page.
            cursor.execute(f"ALTER TABLE {name} SET (fillfactor = 50)")
        if table == "notification":
            cursor.execute(
                f"CREATE UNIQUE INDEX {name}_once ON {name} (event_id, recipient_id)"
            )
        columns = _list_columns(parent)
        cursor.execute(
            f"""
            WITH moved AS (
                DELETE FROM {parent}_default
                 WHERE {column} >= %s AND {column} < %s RETURNING {columns}
            )
            INSERT INTO {name} ({columns}) SELECT {columns} FROM moved
            """,
            bounds,
        )
        cursor.execute(
            f"ALTER TABLE {parent} ATTACH PARTITION {name}"
            " FOR VALUES FROM (%s) TO (%s)",
            bounds,
        )


def drop_old_days(*, now: datetime | None = None) -> list[str]:
    """Drop the partitions of days that are kept no longer; return their names."""
    kept = settings.NOTIFICATIONS.get("DAYS_KEPT", DAYS_KEPT)
    oldest = (now or timezone.now()) - timedelta(days=kept)
    dropped = []
    for table in TABLES:
        for name in _list_partitions(table):
            # A default partition is no day's.
            day = name.rpartition("_")[2]
            if day.isdigit() and day < f"{oldest:%Y%m%d}":
                _drop(table, name)
                dropped.append(name)
    _delete_what_led_to_them(oldest)
    return dropped


@transaction.atomic
def _drop(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        if table == "notification":
            cursor.execute(
                f"""
                UPDATE notifications_unreadcount AS counter
                   SET unread = greatest(counter.unread - gone.count, 0)
                  FROM (SELECT recipient_id, count(*) FROM {name}
                         WHERE in_inbox AND read_at IS NULL GROUP BY 1) AS gone
                 WHERE counter.user_id = gone.recipient_id
                """
            )
        cursor.execute(f"DROP TABLE {name}")


def _delete_what_led_to_them(oldest: datetime) -> None:
    """Delete the events and summaries of those days, a batch at a time."""
    Digest.objects.filter(closed_at__lt=oldest).delete()
    events = Event.objects.filter(published_at__lt=oldest, chunks=None).order_by("pk")
    while pks := list(events.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(), connection.cursor() as cursor:
            Campaign.objects.filter(event__in=pks).update(event=None)
            # Their notifications have gone with their days: nothing points here.
            cursor.execute("DELETE FROM notifications_event WHERE id = ANY(%s)", [pks])


def _list_columns(table: str) -> str:
    """Return the columns that can be written, as SQL lists them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)"
            "  FROM pg_attribute WHERE attrelid = %s::regclass"
            "   AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        return str(cursor.fetchone()[0])


def _list_partitions(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = %s::regclass ORDER BY 1",
            [f"notifications_{table}"],
        )
        return [name for (name,) in cursor.fetchall()]
