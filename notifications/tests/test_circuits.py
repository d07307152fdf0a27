"""A provider that keeps failing is left alone, and trusted again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Circuit, Message, Priority, Timer
from notifications.services.circuits import FEWEST, FIRST_REST, LONGEST_REST, trip
from notifications.services.working import work_lane
from notifications.tests.factories import MessageFactory

pytestmark = pytest.mark.django_db


def work():
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=Priority.STANDARD, seconds=20)


def test_outage_opens_the_circuit_and_what_comes_then_waits_unattempted(mail_server):
    mail_server.shutdown()
    mail_server.server_close()
    MessageFactory.create_batch(FEWEST)
    work()
    assert Circuit.objects.get().provider == "email"

    late = MessageFactory.create()
    work()

    late.refresh_from_db()
    assert (late.status, late.attempt_count) == ("ready", 0)


def test_a_few_try_again_after_the_rest_and_success_closes_it(mail_server):
    trip(provider="email", reason="down", now=timezone.now() - timedelta(minutes=1))
    MessageFactory.create_batch(30)

    work()

    assert not Circuit.objects.exists()
    assert Message.objects.filter(status="accepted").count() == 30


def test_failure_after_the_rest_doubles_it(mail_server):
    mail_server.shutdown()
    mail_server.server_close()
    long_ago = timezone.now() - timedelta(minutes=1)
    trip(provider="email", reason="down", now=long_ago)
    MessageFactory.create_batch(30)

    work()

    circuit = Circuit.objects.get()
    assert circuit.trip_count == 2
    assert circuit.open_until > timezone.now() + FIRST_REST
    # Only those who tried have lost an attempt.
    assert Message.objects.filter(attempt_count=1).count() == 10


def test_the_rest_is_bounded():
    now = timezone.now()
    for _ in range(12):
        circuit = trip(provider="fcm", reason="down", now=now)
        now = circuit.open_until

    assert circuit.open_until <= now + LONGEST_REST


def test_refused_recipients_are_no_trouble_of_the_provider(mail_server):
    mail_server.on_recipient = lambda line: "550 nobody here"
    MessageFactory.create_batch(FEWEST)

    work()

    assert not Circuit.objects.exists()
