"""Notifications, messages and attempts move to tables that are partitioned by day."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import notifications.ids

KEEP_OLD = """
CREATE TEMP TABLE old_event ON COMMIT DROP AS TABLE notifications_event;
CREATE TEMP TABLE old_notification ON COMMIT DROP AS
SELECT *, ((extract(epoch FROM created_at) * 1000)::bigint << 20) | (id & 1048575)
          AS new_id
  FROM notifications_notification;
CREATE TEMP TABLE old_message ON COMMIT DROP AS
SELECT m.*, n.new_id AS notification_new_id, ((n.new_id >> 20) << 20) | (m.id & 1048575)
       AS new_id
  FROM notifications_message m JOIN old_notification n ON n.id = m.notification_id;
CREATE TEMP TABLE old_attempt ON COMMIT DROP AS TABLE notifications_attempt;
DROP TABLE notifications_attempt, notifications_message, notifications_notification;
"""

# The bounds are ids: milliseconds since 1970, shifted by twenty bits. What has no day
# of its own goes to the default partition.
CREATE = """
CREATE SEQUENCE notifications_id_seq INCREMENT BY 1000;

CREATE TABLE notifications_wording (
    id bigint PRIMARY KEY,
    title varchar(200) NOT NULL,
    body text NOT NULL,
    url varchar(300) NOT NULL
) PARTITION BY RANGE (id);

CREATE TABLE notifications_notification (
    id bigint PRIMARY KEY,
    event_id bigint NOT NULL,
    recipient_id bigint NOT NULL,
    wording_id bigint NOT NULL,
    read_at timestamptz
) PARTITION BY RANGE (id);
CREATE INDEX notification_inbox ON notifications_notification (recipient_id, id DESC);

CREATE TABLE notifications_message (
    id bigint PRIMARY KEY,
    notification_id bigint NOT NULL,
    channel varchar(10) NOT NULL,
    provider varchar(10) NOT NULL,
    endpoint varchar(254) NOT NULL,
    status varchar(10) NOT NULL,
    reason varchar(80) NOT NULL,
    expires_at timestamptz NOT NULL,
    attempt_count smallint NOT NULL CHECK (attempt_count >= 0),
    ended_at timestamptz
) PARTITION BY RANGE (id);
CREATE INDEX message_notification ON notifications_message (notification_id);

CREATE TABLE notifications_attempt (
    message_id bigint NOT NULL,
    number smallint NOT NULL CHECK (number >= 0),
    at timestamptz NOT NULL,
    outcome varchar(12) NOT NULL,
    answer varchar(500) NOT NULL,
    PRIMARY KEY (message_id, number)
) PARTITION BY RANGE (message_id);

DO $$
DECLARE
    name text;
    day date;
    lowest bigint;
    highest bigint;
BEGIN
    FOREACH name IN ARRAY ARRAY['wording', 'notification', 'message', 'attempt'] LOOP
        EXECUTE format(
            'CREATE TABLE notifications_%s_default PARTITION OF notifications_%s DEFAULT',
            name, name);
        FOR day IN SELECT (now() AT TIME ZONE 'UTC')::date + n
                     FROM generate_series(0, 14) n LOOP
            lowest := extract(epoch FROM day)::bigint * 1000 << 20;
            highest := extract(epoch FROM day + 1)::bigint * 1000 << 20;
            EXECUTE format(
                'CREATE TABLE notifications_%s_%s PARTITION OF notifications_%s '
                'FOR VALUES FROM (%s) TO (%s)%s',
                name, to_char(day, 'YYYYMMDD'), name, lowest, highest,
                CASE WHEN name = 'message' THEN ' WITH (fillfactor = 50)' ELSE '' END);
        END LOOP;
    END LOOP;
    -- A unique index of the whole table would have to hold the id; one of each day need not.
    FOR name IN SELECT inhrelid::regclass::text FROM pg_inherits
                 WHERE inhparent = 'notifications_notification'::regclass LOOP
        EXECUTE format('CREATE UNIQUE INDEX %I ON %s (event_id, recipient_id)',
                       name || '_once', name);
    END LOOP;
END $$;
"""

COPY_OLD = """
INSERT INTO notifications_chunk
       (event_id, lane, recipient_ids, due_at, rejected_because)
SELECT id, priority, recipient_ids[cursor + 1:],
       CASE WHEN planned_at IS NULL THEN published_at END,
       CASE WHEN planned_at IS NULL THEN '' ELSE 'rejected' END
  FROM old_event
 WHERE planned_at IS NULL OR cursor < cardinality(recipient_ids);

INSERT INTO notifications_wording (id, title, body, url)
SELECT new_id, title, body, url FROM old_notification;

INSERT INTO notifications_notification (id, event_id, recipient_id, wording_id, read_at)
SELECT new_id, event_id, recipient_id, new_id, read_at FROM old_notification;

INSERT INTO notifications_message
       (id, notification_id, channel, provider, endpoint, status, reason, expires_at,
        attempt_count, ended_at)
SELECT new_id, notification_new_id, channel, channel, endpoint,
       CASE WHEN status = 'leased' THEN 'ready' ELSE status END, reason, expires_at,
       attempt_count, ended_at
  FROM old_message;

INSERT INTO notifications_attempt (message_id, number, at, outcome, answer)
SELECT m.new_id, row_number() OVER (PARTITION BY a.message_id ORDER BY a.at, a.id), a.at,
       a.outcome, a.answer
  FROM old_attempt a JOIN old_message m ON m.id = a.message_id;

INSERT INTO notifications_timer (message_id, lane, provider, due_at)
SELECT new_id, priority, channel, due_at FROM old_message
 WHERE status IN ('ready', 'leased');

UPDATE notifications_event
   SET lane = priority, recipient_count = cardinality(recipient_ids);
"""

CHANNELS = [
    ("in_app", "In-app"),
    ("push", "Push"),
    ("sms", "SMS"),
    ("email", "Email"),
]
STATUSES = [
    ("ready", "Ready"),
    ("leased", "Being sent"),
    ("accepted", "Accepted"),
    ("suppressed", "Not sent"),
    ("expired", "Expired"),
    ("failed", "Failed for good"),
    ("unknown", "Unknown"),
    ("dead", "Dead letter"),
]


def pointer(to, **options):
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        to=to,
        **options,
    )


def new_key():
    return models.BigIntegerField(
        default=notifications.ids.new_id, primary_key=True, serialize=False
    )


STATE = [
    migrations.DeleteModel("Attempt"),
    migrations.DeleteModel("Message"),
    migrations.DeleteModel("Notification"),
    migrations.CreateModel(
        "Wording",
        [
            ("id", new_key()),
            ("title", models.CharField(max_length=200)),
            ("body", models.TextField()),
            ("url", models.CharField(blank=True, max_length=300)),
        ],
        options={"verbose_name": "wording", "verbose_name_plural": "wordings"},
    ),
    migrations.CreateModel(
        "Notification",
        [
            ("id", new_key()),
            ("read_at", models.DateTimeField(blank=True, null=True)),
            ("event", pointer("notifications.event", related_name="notifications")),
            (
                "recipient",
                pointer(settings.AUTH_USER_MODEL, related_name="notifications"),
            ),
            ("wording", pointer("notifications.wording", related_name="+")),
        ],
        options={
            "verbose_name": "notification",
            "verbose_name_plural": "notifications",
            "ordering": ["-pk"],
        },
    ),
    migrations.CreateModel(
        "Message",
        [
            ("id", new_key()),
            ("channel", models.CharField(choices=CHANNELS, max_length=10)),
            ("provider", models.CharField(max_length=10)),
            ("endpoint", models.CharField(max_length=254)),
            (
                "status",
                models.CharField(choices=STATUSES, default="ready", max_length=10),
            ),
            ("reason", models.CharField(blank=True, max_length=80)),
            ("expires_at", models.DateTimeField()),
            ("attempt_count", models.PositiveSmallIntegerField(default=0)),
            ("ended_at", models.DateTimeField(null=True)),
            (
                "notification",
                pointer("notifications.notification", related_name="messages"),
            ),
        ],
        options={
            "verbose_name": "message",
            "verbose_name_plural": "messages",
            "ordering": ["-pk"],
        },
    ),
    migrations.CreateModel(
        "Attempt",
        [
            (
                "pk",
                models.CompositePrimaryKey(
                    "message_id",
                    "number",
                    blank=True,
                    editable=False,
                    primary_key=True,
                    serialize=False,
                ),
            ),
            ("number", models.PositiveSmallIntegerField()),
            ("at", models.DateTimeField()),
            ("outcome", models.CharField(max_length=12)),
            ("answer", models.CharField(blank=True, max_length=500)),
            ("message", pointer("notifications.message", related_name="attempts")),
        ],
        options={
            "verbose_name": "attempt",
            "verbose_name_plural": "attempts",
            "ordering": ["message_id", "number"],
        },
    ),
]


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=STATE,
            database_operations=[migrations.RunSQL(KEEP_OLD), migrations.RunSQL(CREATE)],
        ),
        migrations.CreateModel(
            name="Chunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("lane", models.CharField(max_length=40)),
                (
                    "recipient_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("rejected_because", models.CharField(blank=True, max_length=300)),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="notifications.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "chunk",
                "verbose_name_plural": "chunks",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        fields=["lane", "due_at", "id"],
                        condition=models.Q(("due_at__isnull", False)),
                        name="chunk_due",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Timer",
            fields=[
                (
                    "message_id",
                    models.BigIntegerField(primary_key=True, serialize=False),
                ),
                ("lane", models.CharField(max_length=40)),
                ("provider", models.CharField(max_length=10)),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "timer",
                "verbose_name_plural": "timers",
                "indexes": [
                    models.Index(
                        fields=["lane", "provider", "due_at"], name="timer_due"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("lane", models.CharField(max_length=40)),
                (
                    "message_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("leased_until", models.DateTimeField(db_index=True)),
            ],
            options={"verbose_name": "lease", "verbose_name_plural": "leases"},
        ),
        migrations.AddField(
            model_name="event",
            name="lane",
            field=models.CharField(default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="event",
            name="recipient_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunSQL(COPY_OLD),
        migrations.RemoveIndex(model_name="event", name="event_unplanned"),
        migrations.RemoveField(model_name="event", name="cursor"),
        migrations.RemoveField(model_name="event", name="planned_at"),
        migrations.RemoveField(model_name="event", name="priority"),
        migrations.RemoveField(model_name="event", name="recipient_ids"),
        migrations.AlterModelOptions(
            name="event",
            options={
                "ordering": ["-pk"],
                "verbose_name": "event",
                "verbose_name_plural": "events",
            },
        ),
    ]
