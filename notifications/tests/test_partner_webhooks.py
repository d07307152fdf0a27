"""What partners' servers are sent: signed, again and again, and to nobody inside."""

import json
from datetime import timedelta
from threading import Thread
from time import sleep

import pycurl
import pytest
from django.utils import timezone
from standardwebhooks.webhooks import WebhookVerificationError

from notifications.endpoints import may_connect, see_is_for_webhooks
from notifications.exceptions import (
    NotReplayableError,
    WebhookAddressError,
    WebhookInactiveError,
)
from notifications.models import (
    Channel,
    Circuit,
    Message,
    Priority,
    Timer,
    WebhookEndpoint,
)
from notifications.models.messages import public_id_of
from notifications.providers.base import Outcome, Request, Response, Result
from notifications.selectors import get_preferences
from notifications.services.bulkheads import AT_HOST, MOST_FAILURES, Bulkheads
from notifications.services.forgetting import forget_notifications
from notifications.services.planning import plan_next_batch
from notifications.services.publishing import publish
from notifications.services.recording import return_expired_leases
from notifications.services.webhooks import (
    change_endpoint,
    replay_message,
    replay_since,
    rotate_secret,
    stop_endpoints,
)
from notifications.services.working import work_lane
from notifications.tests.envelopes import letter
from notifications.tests.factories import (
    RecipientFactory,
    RecipientSettingsFactory,
    WebhookEndpointFactory,
)
from notifications.tests.partner_server import certify, partner_server
from notifications.tests.topics import TEST_PARTNERS
from notifications.transport import INSIDE, Failure, Slot, Transport

ABOUT = "kitchen:1"
PAYLOAD = {
    "type": "order.accepted",
    "timestamp": "2026-11-21T18:30:00Z",
    "data": {"number": "K7Q2", "note": "für Zoë 🍕"},
}
STATUS = Message.Status


@pytest.fixture
def partner(settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "ALLOW_LOCAL_ENDPOINTS": True}
    with partner_server() as server:
        yield server


@pytest.fixture
def endpoint(db, partner):
    return WebhookEndpointFactory.create(url=partner.url)


def tell(*owners, key="1", **context):
    publish(
        TEST_PARTNERS,
        recipients=[owner.pk for owner in owners],
        key=f"test:{key}",
        context={"about": ABOUT, "payload": PAYLOAD, **context},
    )


def work():
    Timer.objects.update(due_at=timezone.now())
    work_lane(lane=Priority.STANDARD, seconds=20)


def test_a_partner_verifies_what_it_is_sent(endpoint, partner):
    tell(endpoint.owner)
    work()

    [taken] = partner.taken
    assert taken.verify(endpoint.secret) == PAYLOAD
    assert taken.headers["content-type"] == "application/json"
    message = Message.objects.get()
    assert taken.id == str(message.public_id)
    assert (message.status, message.endpoint) == ("accepted", str(endpoint.pk))
    assert [each.answer for each in message.attempts.all()] == ["204"]


def test_another_secret_does_not_verify(endpoint, partner):
    tell(endpoint.owner)
    work()

    with pytest.raises(WebhookVerificationError):
        partner.taken[0].verify("whsec_c29tZWJvZHkgZWxzZQ==")


def test_failures_are_tried_again_with_the_same_id(endpoint, partner):
    partner.answers = [500, 404]
    tell(endpoint.owner)

    work()
    assert Message.objects.get().status == STATUS.READY
    work()
    work()

    assert len({taken.id for taken in partner.taken}) == 1
    assert [taken.verify(endpoint.secret) for taken in partner.taken] == [PAYLOAD] * 3
    message = Message.objects.get()
    assert message.status == STATUS.ACCEPTED
    outcomes = [(each.outcome, each.answer) for each in message.attempts.all()]
    assert outcomes == [("retry", "500"), ("retry", "404"), ("accepted", "204")]


def test_what_is_never_accepted_becomes_a_dead_letter(endpoint, partner):
    partner.answers = [500] * 3
    tell(endpoint.owner)

    for _ in range(3):
        work()

    assert Message.objects.get().status == STATUS.DEAD


def test_a_partner_says_when_to_come_again(endpoint, partner):
    partner.answers, partner.headers = [429], {"Retry-After": "3600"}
    tell(endpoint.owner)
    work()

    assert Timer.objects.get().due_at >= timezone.now() + timedelta(minutes=59)


def test_gone_switches_the_endpoint_off(endpoint, partner):
    partner.answers = [410]
    tell(endpoint.owner)
    work()
    tell(endpoint.owner, key="2")
    work()

    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_because) == (False, "gone")
    assert len(partner.taken) == 1


def test_redirects_are_not_followed(endpoint, partner):
    with partner_server() as other:
        partner.answers, partner.headers = [307], {"Location": other.url}
        tell(endpoint.owner)
        work()

        assert other.connections == 0
    assert Message.objects.get().reason == "redirected"


def test_a_long_answer_is_cut_off_and_counts(endpoint, partner):
    partner.answers, partner.body = [200], b"x" * 3_000_000
    tell(endpoint.owner)
    work()

    message = Message.objects.get()
    assert message.status == STATUS.ACCEPTED
    assert len(message.attempts.get().answer) == 300


def test_only_endpoints_that_hear_of_it_are_told(endpoint, partner):
    WebhookEndpointFactory.create(owner=endpoint.owner, about="kitchen:2")
    off = WebhookEndpointFactory.create(owner=endpoint.owner, is_active=False)
    tell(endpoint.owner, off.owner)
    work()

    assert [m.endpoint for m in Message.objects.all()] == [str(endpoint.pk)]


def test_one_endpoint_can_be_told_alone(endpoint, partner):
    WebhookEndpointFactory.create(owner=endpoint.owner, url=f"{partner.url}/2")
    tell(endpoint.owner, endpoint=str(endpoint.public_id))
    work()

    assert [m.endpoint for m in Message.objects.all()] == [str(endpoint.pk)]


def test_do_not_disturb_is_for_people(endpoint, partner):
    until = timezone.now() + timedelta(hours=1)
    RecipientSettingsFactory.create(user=endpoint.owner, do_not_disturb_until=until)
    tell(endpoint.owner)
    work()

    assert len(partner.taken) == 1


def test_for_a_day_both_secrets_sign(endpoint, partner):
    before = endpoint.secret
    rotated = rotate_secret(endpoint_pk=endpoint.pk)
    tell(endpoint.owner)
    work()
    rotate_secret(endpoint_pk=endpoint.pk, now=timezone.now() - timedelta(hours=25))
    tell(endpoint.owner, key="2")
    work()

    both, one = partner.taken
    assert both.verify(before) == both.verify(rotated.secret) == PAYLOAD
    endpoint.refresh_from_db()
    assert one.verify(endpoint.secret) == PAYLOAD
    with pytest.raises(WebhookVerificationError):
        one.verify(rotated.secret)


def test_a_replay_has_the_same_id(endpoint, partner):
    tell(endpoint.owner)
    work()
    replay_message(endpoint=endpoint, message_pk=Message.objects.get().pk)
    with pytest.raises(NotReplayableError):
        replay_message(endpoint=endpoint, message_pk=Message.objects.get().pk)
    work()

    assert partner.taken[0].id == partner.taken[1].id
    assert Message.objects.get().attempt_count == 2


def test_all_since_a_moment_are_replayed(endpoint, partner):
    for key in "123":
        tell(endpoint.owner, key=key)
    work()
    hour_ago = timezone.now() - timedelta(hours=1)

    assert replay_since(endpoint=endpoint, since=timezone.now()) == 0
    assert replay_since(endpoint=endpoint, since=hour_ago) == 3
    work()

    ids = [taken.id for taken in partner.taken]
    assert len(ids) == 6
    assert set(ids[:3]) == set(ids[3:])


def test_nothing_is_replayed_to_what_is_switched_off(endpoint, partner):
    tell(endpoint.owner)
    work()
    off = change_endpoint(endpoint_pk=endpoint.pk, is_active=False)

    with pytest.raises(WebhookInactiveError):
        replay_message(endpoint=off, message_pk=Message.objects.get().pk)


def test_what_waits_is_not_sent_once_the_owner_has_left(endpoint, partner):
    partner.answers = [500]
    tell(endpoint.owner)
    work()
    stop_endpoints(owner_pk=endpoint.owner_id, about=ABOUT, because="owner_left")
    work()

    assert len(partner.taken) == 1
    assert Message.objects.get().status == STATUS.SUPPRESSED


def test_who_is_forgotten_has_no_endpoints(endpoint):
    forget_notifications(user_pk=endpoint.owner_id)

    assert not endpoint.owner.webhook_endpoints.exists()


def test_a_slow_partner_does_not_delay_another(endpoint, partner):
    with partner_server() as quick:
        other = WebhookEndpointFactory.create(url=quick.url, about="kitchen:2")
        partner.may_answer.clear()
        for number in range(AT_HOST * 3):
            tell(endpoint.owner, key=f"slow:{number}")
        for number in range(5):
            tell(other.owner, key=f"quick:{number}", about="kitchen:2")
        started = timezone.now()
        Thread(target=lambda: (sleep(1.5), partner.may_answer.set())).start()
        work_lane(lane=Priority.STANDARD, seconds=1.2)

        assert len(quick.taken) == 5
        ended = Message.objects.filter(endpoint=str(other.pk)).latest("ended_at")
        assert ended.ended_at - started < timedelta(seconds=1.4)
        held = Message.objects.filter(reason="endpoint_busy", attempt_count=0)
        assert held.count() == AT_HOST * 2


def test_failing_partners_open_no_circuit_for_all(endpoint, partner):
    partner.answers = [503] * 30
    for number in range(30):
        tell(endpoint.owner, key=str(number))
    work()

    assert not Circuit.objects.exists()


def test_a_host_that_keeps_failing_rests(partner):

    bulkheads, now = Bulkheads(), timezone.now()
    failing = letter(TEST_PARTNERS, provider="webhook", address="https://a.example/x")
    other = letter(TEST_PARTNERS, provider="webhook", address="https://b.example/x")
    for _ in range(MOST_FAILURES):
        assert not bulkheads.admit(failing, now).reason
        bulkheads.see(failing, Outcome(Result.RETRY, "500", "provider_error"), now)

    assert bulkheads.admit(failing, now).reason == "endpoint_resting"
    assert not bulkheads.admit(other, now).reason
    later = now + timedelta(seconds=6)
    assert not bulkheads.admit(failing, later).reason
    assert bulkheads.admit(failing, later).reason == "endpoint_busy"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"])
def test_no_connection_is_made_inside(name):
    with partner_server() as inside:
        transport = Transport()
        url = f"http://{name}:{inside.server_port}/"
        transport.start(Request(url, [], b"{}", is_guarded=True), None)
        answers = []
        while not answers:
            answers = transport.turn(0.1)

        assert answers == [(None, Failure(INSIDE, has_left=False))]
        assert inside.connections == 0


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:10.0.0.7"]
)
def test_a_name_that_has_come_to_mean_an_inside_address_is_refused(address):
    slot = Slot(is_once=False, is_guarded=True)
    with partner_server() as inside:
        port = inside.server_port
        slot.curl.setopt(pycurl.RESOLVE, [f"partner.example:{port}:{address}"])
        slot.load(Request(f"https://partner.example:{port}/", [], b"{}"), None)
        with pytest.raises(pycurl.error):
            slot.curl.perform()

        assert slot.guard is not None
        assert slot.guard.is_refused
        assert inside.connections == 0


def test_a_guarded_request_uses_no_proxy(partner, monkeypatch):
    with partner_server() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        transport = Transport()
        transport.start(Request(partner.url, [], b"{}", is_guarded=True), None)
        answers = []
        while not answers:
            answers = transport.turn(0.1)

        assert isinstance(answers[0][1], Response)
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "192.168.1.1",
        "100.64.0.1",
        "fe80::1%eth0",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:a00:1::",
        # Ways over somebody else's relay, wherever they lead.
        "2002:5db8:d822::",
        "2001:0:5db8:d822::1",
        # Old and local forms.
        "::127.0.0.1",
        "::ffff:0:7f00:1",
        "fec0::1",
        "4000::1",
        "ff0e::1",
    ],
)
def test_inside_addresses_are_known(address):
    assert not may_connect(address)


def test_public_addresses_are_known():
    assert may_connect("93.184.216.34")
    assert may_connect("2606:2800:220:1:248:1893:25c8:1946")
    assert may_connect("::ffff:93.184.216.34")
    assert may_connect("64:ff9b::5db8:d822")


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/",
        "https://93.184.216.34:22/",
        "https://93.184.216.34:99999/",
        "https://93.184.216.34:0/",
        "https://user@93.184.216.34/",
        "https://10.0.0.1/",
        "https://localhost/",
        "https://[::ffff:127.0.0.1]/",
        "ftp://93.184.216.34/",
        "https://93.184.216.34/#part",
        "https://",
        "",
    ],
)
def test_an_address_where_no_partner_can_be_is_refused(url):
    with pytest.raises(WebhookAddressError):
        see_is_for_webhooks(url)


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_a_public_address_is_taken(port):
    see_is_for_webhooks(f"https://93.184.216.34{port}/orders?x=1")


def test_people_do_not_choose_about_servers(db):
    channels = {
        choice.channel
        for row in get_preferences(RecipientFactory.create().pk)
        for choice in row.choices
        if row.category.name == "partners"
    }

    assert Channel.WEBHOOK not in channels


def test_the_body_is_plain_utf_8(endpoint, partner):
    tell(endpoint.owner)
    work()

    assert "Zoë 🍕" in partner.taken[0].body.decode()
    assert json.loads(partner.taken[0].body) == PAYLOAD


def test_a_partner_speaks_tls_with_a_certificate_that_is_trusted(
    endpoint, partner, settings, tmp_path
):
    trusted = certify(partner, tmp_path)
    WebhookEndpoint.objects.update(url=partner.url)
    tell(endpoint.owner)
    work()
    assert partner.taken == []
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CA_BUNDLE": trusted}
    work()

    [taken] = partner.taken
    assert taken.verify(endpoint.secret) == PAYLOAD
    outcomes = [each.outcome for each in Message.objects.get().attempts.all()]
    assert outcomes == ["retry", "accepted"]


def test_what_a_dead_sender_held_goes_again_with_the_same_id(endpoint, partner):
    tell(endpoint.owner)
    held = plan_next_batch(lane=Priority.STANDARD, direct=frozenset({"webhook"}))
    return_expired_leases(now=timezone.now() + timedelta(minutes=1))
    work()

    [envelope], [taken] = held.envelopes, partner.taken
    assert taken.id == str(public_id_of(envelope.message_id))
    outcomes = [each.outcome for each in Message.objects.get().attempts.all()]
    assert outcomes == ["unknown", "accepted"]
