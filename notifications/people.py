"""What must be known of the people that are told: one query a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from types import MappingProxyType
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone
from push_notifications.models import APNSDevice, GCMDevice, WebPushDevice

from notifications.copying import as_array
from notifications.models import Channel

IN_APP = "in_app"
WEBHOOK = "webhook"
# The account in the settings that texts go through, the first there is.
SMS_ACCOUNTS = {"TWILIO": "twilio", "SMPP": "smpp"}


class Endpoint(NamedTuple):
    """Where a message goes: who carries it, how we store it, what the carrier calls it.

    A phone, browser or partner's server is stored as its row's pk.
    """

    provider: str
    pk: str
    address: str
    # A browser's keys; of a server, its secret and the one before, while that holds.
    keys: tuple[str, str] | None = None


@dataclass(slots=True)
class Person:
    pk: int
    email: str
    phone: str
    locale: str
    time_zone: str
    # Where they said something: (category, channel) -> on or off.
    preferences: dict[tuple[str, str], bool] = field(default_factory=dict)
    # Quiet from, quiet until, do not disturb until.
    rest: tuple[time | None, time | None, datetime | None] | None = None
    # Why their mail address and number must not be used, where that is so.
    suppressed: dict[str, str] = field(default_factory=dict)
    devices: list[Endpoint] = field(default_factory=list)
    # Their servers: what each hears of, its public id, and where it is.
    webhooks: list[tuple[str, str, Endpoint]] = field(default_factory=list)

    def endpoints(
        self, channel: str, context: Mapping[str, object] = MappingProxyType({})
    ) -> list[Endpoint]:
        """Return where a message goes that is sent over a channel.

        The event's context says which of somebody's servers hear of it.
        """
        if channel == Channel.PUSH:
            return self.devices
        if channel == Channel.EMAIL and self.email:
            return [Endpoint("email", self.email, self.email)]
        if channel == Channel.SMS and self.phone:
            return _by_text(self.phone)
        if channel == Channel.IN_APP:
            return [Endpoint(IN_APP, str(self.pk), str(self.pk))]
        if channel == Channel.WEBHOOK:
            about, only = context.get("about"), context.get("endpoint")
            return [
                place
                for subject, public_id, place in self.webhooks
                if subject == about and only in (None, public_id)
            ]
        return []


def _by_text(phone: str) -> list[Endpoint]:
    accounts = settings.NOTIFICATIONS
    carriers = [name for key, name in SMS_ACCOUNTS.items() if key in accounts]
    return [Endpoint(carrier, phone, phone) for carrier in carriers[:1]]


def fetch_people(pks: Sequence[int], channels: Iterable[str]) -> dict[int, Person]:
    """Return the active ones of these users, with what the channels need."""
    table = get_user_model()._meta.db_table  # noqa: SLF001 - documented by Django
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, email, phone, locale, time_zone FROM {table}"  # noqa: S608
            " WHERE id = ANY(%s::bigint[]) AND is_active",
            [as_array(pks)],
        )
        people = {row[0]: Person(*row) for row in cursor.fetchall()}
    _add_wishes(people)
    if Channel.PUSH in channels:
        _add_devices(people)
    if Channel.WEBHOOK in channels:
        _add_webhooks(people)
    if Channel.EMAIL in channels:
        emails = [(person.email.lower(), person) for person in people.values()]
        _add_suppressions(Channel.EMAIL, emails)
    if Channel.SMS in channels:
        phones = [(person.phone, person) for person in people.values()]
        _add_suppressions(Channel.SMS, phones)
    return people


def _add_wishes(people: Mapping[int, Person]) -> None:
    pks = as_array(people)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id, category, channel, is_enabled"
            " FROM notifications_preference WHERE user_id = ANY(%s::bigint[])",
            [pks],
        )
        for user_pk, category, channel, is_enabled in cursor.fetchall():
            people[user_pk].preferences[category, channel] = is_enabled
        cursor.execute(
            "SELECT user_id, quiet_from, quiet_until, do_not_disturb_until"
            " FROM notifications_recipientsettings WHERE user_id = ANY(%s::bigint[])",
            [pks],
        )
        for user_pk, *rest in cursor.fetchall():
            people[user_pk].rest = (rest[0], rest[1], rest[2])


def _add_devices(people: Mapping[int, Person]) -> None:
    pks = as_array(people)
    with connection.cursor() as cursor:
        for provider, model, keys, only in (
            ("fcm", GCMDevice, "", "AND cloud_message_type = 'FCM'"),
            ("apns", APNSDevice, "", ""),
            ("webpush", WebPushDevice, ", p256dh, auth", ""),
        ):
            cursor.execute(
                f"""
                SELECT user_id, id::text, registration_id {keys}
                  FROM {model._meta.db_table}
                 WHERE user_id = ANY(%s::bigint[]) AND active {only} ORDER BY id
                """,  # noqa: S608, SLF001
                [pks],
            )
            for user_pk, pk, token, *pair in cursor.fetchall():
                place = Endpoint(provider, pk, token, tuple(pair) or None)
                people[user_pk].devices.append(place)


def _add_webhooks(people: Mapping[int, Person]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT owner_id, about, public_id::text, id::text, url, secret,"
            " CASE WHEN previous_until > %s THEN previous_secret ELSE '' END"
            " FROM notifications_webhookendpoint"
            " WHERE owner_id = ANY(%s::bigint[]) AND is_active ORDER BY id",
            [timezone.now(), as_array(people)],
        )
        for user_pk, about, public_id, pk, url, *secrets in cursor.fetchall():
            place = Endpoint(WEBHOOK, pk, url, (secrets[0], secrets[1]))
            people[user_pk].webhooks.append((about, public_id, place))


def _add_suppressions(
    channel: Channel, addresses: Iterable[tuple[str, Person]]
) -> None:
    by_address: dict[str, list[Person]] = {}
    for address, person in addresses:
        by_address.setdefault(address, []).append(person)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address, reason FROM notifications_suppression"
            " WHERE channel = %s AND address = ANY(%s)",
            [channel, list(by_address)],
        )
        for address, reason in cursor.fetchall():
            for person in by_address[address]:
                person.suppressed[channel] = reason
