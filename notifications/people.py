"""What must be known of the people that are told: one query a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection
from push_notifications.models import APNSDevice, GCMDevice

from notifications.models import Channel


class Endpoint(NamedTuple):
    """Where a push goes: the provider, our device's pk and the provider's token."""

    provider: str
    pk: str
    address: str
    keys: tuple[str, str] | None = None


@dataclass(slots=True)
class Person:
    pk: int
    email: str
    locale: str
    time_zone: str
    devices: list[Endpoint] = field(default_factory=list)


def fetch_people(pks: Sequence[int], channels: Iterable[str]) -> dict[int, Person]:
    """Return the active ones of these users, with what the channels need."""
    table = get_user_model()._meta.db_table  # noqa: SLF001 - documented by Django
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, email, locale, time_zone FROM {table}"  # noqa: S608
            " WHERE id = ANY(%s) AND is_active",
            [list(pks)],
        )
        people = {row[0]: Person(*row) for row in cursor.fetchall()}
    if Channel.PUSH in channels:
        _add_devices(people)
    return people


def _add_devices(people: Mapping[int, Person]) -> None:
    pks = list(people)
    with connection.cursor() as cursor:
        for provider, model, only in (
            ("fcm", GCMDevice, "AND cloud_message_type = 'FCM'"),
            ("apns", APNSDevice, ""),
        ):
            cursor.execute(
                f"""
                SELECT user_id, id::text, registration_id FROM {model._meta.db_table}
                 WHERE user_id = ANY(%s) AND active {only} ORDER BY id
                """,  # noqa: S608, SLF001
                [pks],
            )
            for user_pk, pk, token in cursor.fetchall():
                people[user_pk].devices.append(Endpoint(provider, pk, token))
