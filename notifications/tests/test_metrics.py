"""What Prometheus reads, and who else may not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Message, Timer
from notifications.services.tallies import fold_tallies
from notifications.tests.factories import (
    CircuitFactory,
    MessageFactory,
    TallyFactory,
)

pytestmark = pytest.mark.django_db


def read(client):
    token = "secret"
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def _token(settings):
    settings.METRICS_TOKEN = "secret"


def test_without_a_token_in_the_settings_there_is_no_such_page(client):
    assert read(client).status_code == 404
    assert client.get("/metrics").status_code == 404


@pytest.mark.usefixtures("_token")
@pytest.mark.parametrize("header", ["", "secret", "Bearer", "Bearer other", "Bearer é"])
def test_who_has_another_token_is_refused(client, header):
    answer = client.get("/metrics", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.content == b""


@pytest.mark.usefixtures("_token")
def test_metrics_are_the_tallies_and_queues(client, django_assert_num_queries):
    TallyFactory.create(count=3)
    TallyFactory.create(count=2, latencies=[0, 2, *[0] * 11], provider="apns")
    TallyFactory.create(outcome="retry", reason='"odd"', count=4)
    CircuitFactory.create(provider="apns")
    MessageFactory.create(status=Message.Status.DEAD)
    due_at = timezone.now() + timedelta(hours=1)
    Timer.objects.create(message_id=1, lane="bulk", provider="fcm", due_at=due_at)

    with django_assert_num_queries(10):
        answer = read(client)

    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.content.decode().splitlines()
    labels = 'lane="standard",provider="fcm"'
    for line in (
        "# TYPE notifications_backlog gauge",
        'notifications_backlog{lane="bulk",kind="waiting"} 1',
        'notifications_oldest_due_seconds{lane="bulk"} 0.0',
        "# TYPE notifications_attempts_total counter",
        f'notifications_attempts_total{{{labels},outcome="accepted",reason=""}} 3',
        rf'notifications_attempts_total{{{labels},outcome="retry",reason="\"odd\""}} 4',
        'notifications_circuit_open{provider="apns"} 1',
        'notifications_circuit_open{provider="fcm"} 0',
        "# TYPE notifications_latency_seconds histogram",
        'notifications_latency_seconds_bucket{lane="standard",le="0.05"} 3',
        'notifications_latency_seconds_bucket{lane="standard",le="0.1"} 5',
        'notifications_latency_seconds_bucket{lane="standard",le="+Inf"} 5',
        'notifications_latency_seconds_count{lane="standard"} 5',
        "notifications_dead_letters 1",
        "notifications_unknown_messages 0",
    ):
        assert line in lines


@pytest.mark.usefixtures("_token")
def test_counters_stay_when_old_tallies_are_added_up(client):
    for minutes in (0, 1, 2):
        minute = timezone.now().replace(second=0, microsecond=0)
        TallyFactory.create(minute=minute - timedelta(days=2, minutes=minutes))

    fold_tallies()

    text = read(client).content.decode()
    assert 'provider="fcm",outcome="accepted",reason=""} 3\n' in text
    assert 'notifications_latency_seconds_count{lane="standard"} 3\n' in text
