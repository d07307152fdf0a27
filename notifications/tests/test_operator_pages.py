"""The operators' pages about notifications, and who may open them."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse

from notifications.models import Circuit, Message, Suppression, Timer
from notifications.operator_pages import format_seconds
from notifications.tests.factories import (
    ChunkFactory,
    CircuitFactory,
    EventFactory,
    MessageFactory,
    NotificationFactory,
    RecipientFactory,
    SuppressionFactory,
    TallyFactory,
)

pytestmark = pytest.mark.django_db
STATUS = Message.Status
NOW = "admin:notifications_now"


def sign_in(client, *permissions, is_staff=True):
    person = RecipientFactory.create(is_staff=is_staff)
    found = Permission.objects.filter(codename__in=permissions)
    person.user_permissions.set(found)
    client.force_login(person)
    return person


@pytest.fixture
def pages():
    """Return the addresses, and how they are asked for."""
    person = RecipientFactory.create()
    return [
        ("get", reverse(NOW)),
        ("get", reverse("admin:notifications_now_figures")),
        ("get", reverse("admin:notifications_find")),
        ("get", reverse("admin:notifications_timeline", args=[person.pk])),
        ("get", reverse("admin:notifications_redrive")),
        ("post", reverse("admin:notifications_redrive")),
        ("post", reverse("admin:notifications_circuit_close", args=["fcm"])),
    ]


@pytest.mark.parametrize("who", ["nobody", "customer"])
def test_strangers_are_asked_to_sign_in(client, pages, who):
    CircuitFactory.create()
    if who == "customer":
        sign_in(client, "view_message", "change_message", is_staff=False)

    for method, url in pages:
        answer = getattr(client, method)(url)

        assert answer.status_code == 302, url
        assert answer["Location"].startswith("/admin/login/"), url
    assert Circuit.objects.exists()


def test_operators_without_the_permission_are_refused(client, pages):
    CircuitFactory.create()
    sign_in(client, "view_event", "change_event")

    for method, url in pages:
        assert getattr(client, method)(url).status_code == 403, url
    assert Circuit.objects.exists()
    assert NOW.split("_")[1] not in client.get("/admin/").content.decode().split("/")


def test_who_may_only_look_changes_nothing(client):
    CircuitFactory.create()
    dead = MessageFactory.create(status=STATUS.DEAD)
    sign_in(client, "view_message")

    page = client.get(reverse(NOW)).content.decode()

    assert "Close now" not in page
    assert "Send again" not in page
    close = reverse("admin:notifications_circuit_close", args=["fcm"])
    assert client.post(close).status_code == 403
    assert client.post(reverse("admin:notifications_redrive")).status_code == 403
    client.post(
        reverse("admin:notifications_message_changelist"),
        {"action": "redrive", "_selected_action": [dead.pk]},
    )
    dead.refresh_from_db()
    assert dead.status == STATUS.DEAD
    assert Circuit.objects.exists()


@pytest.mark.parametrize("query", ["", "?by=hour"])
def test_page_of_now_shows_the_figures(client, query):
    TallyFactory.create(count=1234)
    TallyFactory.create(outcome="retry", reason="rate_limited", count=7)
    MessageFactory.create(status=STATUS.DEAD, reason="provider_error")
    sign_in(client, "view_message", "change_message")

    page = client.get(reverse(NOW) + query).content.decode()

    assert "1,234" in page
    assert "rate_limited" in page
    assert "Accepted 1,234" in page
    assert "status=dead&amp;provider=email&amp;reason=provider_error" in page
    assert "<script>" not in page.partition("op-now")[2]


def test_page_of_now_costs_the_same_for_many(client, django_assert_num_queries):
    sign_in(client, "view_message")
    for number in range(5):
        TallyFactory.create(lane=f"bulk.{number}", count=1)
        CircuitFactory.create(provider=f"p{number}")

    # Session, user, two of permissions, ten of figures.
    with django_assert_num_queries(14):
        client.get(reverse("admin:notifications_now_figures"))


def test_index_leads_to_the_page_of_now(client):
    sign_in(client, "view_message")

    assert reverse(NOW) in client.get(reverse("admin:index")).content.decode()


def test_people_are_found_by_address(client):
    ada = RecipientFactory.create(email="ada@example.com")
    sign_in(client, "view_message")
    find = reverse("admin:notifications_find")

    found = client.get(find, {"email": " ADA@example.com "})
    lost = client.get(find, {"email": "nobody@example.com"}, follow=True)

    assert found["Location"] == reverse("admin:notifications_timeline", args=[ada.pk])
    assert "Nobody has this e-mail address." in lost.content.decode()


def test_timeline_says_why_somebody_was_not_told(client):
    ada = RecipientFactory.create(email="ada@example.com")
    message = MessageFactory.create(
        notification__recipient=ada, status=STATUS.SUPPRESSED, reason="preference"
    )
    message.attempts.create(
        number=1, at=message.created_at, outcome="retry", answer="<b>451</b>"
    )
    SuppressionFactory.create(address="ada@example.com")
    sign_in(client, "view_message")

    page = client.get(reverse("admin:notifications_timeline", args=[ada.pk]))

    text = page.content.decode()
    assert "Turned off by the recipient for this category and channel." in text
    assert "&lt;b&gt;451&lt;/b&gt;" in text
    assert "a…@example.com" in text
    assert "on the suppression list" in text


@pytest.mark.parametrize("query", ["?before=x", "?before=-1", f"?before={2**63}"])
def test_crafted_positions_are_not_found(client, query):
    ada = NotificationFactory.create().recipient
    sign_in(client, "view_message")
    url = reverse("admin:notifications_timeline", args=[ada.pk])

    assert client.get(url + query).status_code == 404


@pytest.mark.parametrize("pk", [0, 2**63, 10**30])
def test_timeline_of_nobody_is_not_found(client, pk):
    sign_in(client, "view_message")

    url = reverse("admin:notifications_timeline", args=[pk])
    assert client.get(url).status_code == 404


def test_redriving_says_how_many_before_it_does(client):
    dead = MessageFactory.create(status=STATUS.DEAD, reason="provider_error")
    MessageFactory.create(status=STATUS.DEAD, reason="refused")
    sign_in(client, "view_message", "change_message")
    url, only = reverse("admin:notifications_redrive"), {"reason": "provider_error"}

    page = client.get(url, only).content.decode()
    assert "<strong>1</strong> message is as the fields say." in page
    assert not Timer.objects.exists()
    answer = client.post(url, only, follow=True).content.decode()

    assert "1 message will be sent again." in answer
    assert list(Timer.objects.values_list("message_id", flat=True)) == [dead.pk]


def test_redriving_says_when_there_are_more(client, monkeypatch):
    monkeypatch.setattr("notifications.services.redriving.BATCH", 1)
    monkeypatch.setattr(
        "notifications.services.redriving.redrive_stuck.__kwdefaults__", {"most": 1}
    )
    MessageFactory.create(status=STATUS.DEAD)
    MessageFactory.create(status=STATUS.DEAD)
    sign_in(client, "view_message", "change_message")

    answer = client.post(reverse("admin:notifications_redrive"), follow=True)

    assert "There are more: do it again." in answer.content.decode()
    assert Timer.objects.count() == 1


@pytest.mark.parametrize("since", ["nonsense", "0001-01-01T00:00"])
def test_redriving_refuses_what_it_cannot_read(client, since):
    MessageFactory.create(status=STATUS.DEAD)
    sign_in(client, "view_message", "change_message")

    answer = client.post(reverse("admin:notifications_redrive"), {"since": since})

    assert answer.status_code == 200
    assert "Sent again" not in answer.content.decode()
    assert not Timer.objects.exists()


def test_circuits_are_closed_by_hand(client):
    CircuitFactory.create(provider="fcm")
    CircuitFactory.create(provider="apns")
    sign_in(client, "view_message", "change_message")

    client.post(reverse("admin:notifications_circuit_close", args=["fcm"]))

    assert Circuit.objects.get().provider == "apns"


def test_event_shows_its_progress(client):
    event = EventFactory.create(recipient_count=3)
    ChunkFactory.create(
        event=event, recipient_ids=[1], due_at=None, rejected_because="KeyError"
    )
    MessageFactory.create(notification__event=event, status=STATUS.DEAD)
    sign_in(client, "view_event")

    page = client.get(reverse("admin:notifications_event_change", args=[event.pk]))

    text = page.content.decode()
    assert "2 of 3 recipients planned" in text
    assert "1 could not be planned" in text
    assert "Dead letter: 1" in text


ADD = "admin:notifications_suppression_add"


@pytest.mark.parametrize(
    ("channel", "typed", "kept"),
    [
        ("email", "Ada@Example.com", "ada@example.com"),
        ("sms", "+1 415-555-2671", "+14155552671"),
    ],
)
def test_operators_put_addresses_on_the_list(client, channel, typed, kept):
    sign_in(client, "add_suppression", "view_suppression")

    client.post(reverse(ADD), {"channel": channel, "address": typed, "detail": "asked"})

    row = Suppression.objects.get()
    assert (row.channel, row.address) == (channel, kept)
    assert (row.reason, row.detail) == (Suppression.Reason.OPERATOR, "asked")


@pytest.mark.parametrize(
    ("channel", "typed"),
    [("email", "ada"), ("email", "Bounced@example.com"), ("sms", "12"), ("push", "1")],
)
def test_what_is_no_address_or_there_already_is_refused(client, channel, typed):
    SuppressionFactory.create(address="bounced@example.com")
    sign_in(client, "add_suppression", "view_suppression")

    answer = client.post(reverse(ADD), {"channel": channel, "address": typed})

    assert answer.status_code == 200
    assert Suppression.objects.get().reason == Suppression.Reason.BOUNCE


def test_operators_take_addresses_off_the_list(client):
    rows = [SuppressionFactory.create() for _ in range(3)]
    sign_in(client, "delete_suppression", "view_suppression")

    client.post(
        reverse("admin:notifications_suppression_delete", args=[rows[0].pk]),
        {"post": "yes"},
    )
    client.post(
        reverse("admin:notifications_suppression_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [rows[1].pk],
            "post": "yes",
        },
    )

    assert list(Suppression.objects.all()) == [rows[2]]


def test_suppressions_are_searched_and_not_changed(client):
    row = SuppressionFactory.create(address="bounced@example.com")
    SuppressionFactory.create(address="other@example.com")
    get_user_model().objects.create_superuser(email="op@example.com", password="x")
    client.force_login(get_user_model().objects.get(email="op@example.com"))

    listed = client.get(
        reverse("admin:notifications_suppression_changelist"), {"q": "bounced"}
    ).content.decode()
    url = reverse("admin:notifications_suppression_change", args=[row.pk])
    answer = client.post(url, {"channel": "email", "address": "x@example.com"})

    assert "bounced@example.com" in listed
    assert "other@example.com" not in listed
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.034, "0.03 s"),
        (59, "59.00 s"),
        (90, "1.5 min"),
        (5400, "1.5 h"),
        (172800, "2.0 d"),
        (float("inf"), "over 1 h"),
    ],
)
def test_durations_are_written_with_their_unit(seconds, text):
    assert format_seconds(seconds) == text
