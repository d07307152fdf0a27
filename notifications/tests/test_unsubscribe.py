from email import message_from_string, policy

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from notifications.models import Message, Preference, Timer
from notifications.services.planning import plan_next_batch
from notifications.services.publishing import publish
from notifications.services.working import work_lane
from notifications.tests.factories import RecipientFactory
from notifications.tests.topics import TEST_ALARM, TEST_NEWS, TEST_OFFER
from notifications.unsubscribing import read_unsubscribe_token, unsubscribe_url

pytestmark = pytest.mark.django_db
WORDS = {"name": "Luigi", "what": "half price today"}


@pytest.fixture
def grace():
    return RecipientFactory.create(time_zone="UTC")


@pytest.fixture
def link(grace, settings):
    url = unsubscribe_url(user_pk=grace.pk, category="test_orders")
    return url.removeprefix(settings.SITE_URL)


def mail_about(topic, person):
    publish(topic=topic, recipients=[person.pk], key="k", context=WORDS)
    work_lane(lane=topic.priority, seconds=20)
    [sent] = mail.outbox
    return sent


@pytest.mark.parametrize("topic", [TEST_NEWS, TEST_OFFER])
def test_what_can_be_turned_off_says_how_to_mail_programs(grace, topic, settings):
    settings.SITE_URL = "https://tiffin.example"

    sent = mail_about(topic, grace)

    parsed = message_from_string(sent.message().as_string(), policy=policy.default)
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = parsed["List-Unsubscribe"].strip().strip("<>")
    assert url.startswith("https://tiffin.example/inbox/unsubscribe/")
    token = url.split("/")[-2]
    assert read_unsubscribe_token(token) == (grace.pk, topic.category.name)
    html = str(sent.alternatives[0][0])
    assert url in sent.body
    assert url in html
    assert "https://tiffin.example/inbox/preferences/" in sent.body
    assert "https://tiffin.example/inbox/preferences/" in html


def test_mail_about_security_offers_no_way_to_stop_it(grace):
    sent = mail_about(TEST_ALARM, grace)

    assert "List-Unsubscribe" not in sent.extra_headers
    assert "unsubscribe" not in sent.body
    assert reverse("notifications:preferences") in sent.body


def test_mail_carries_what_the_providers_events_bring_back(grace):
    sent = mail_about(TEST_NEWS, grace)

    message = Message.objects.get(channel="email")
    assert sent.metadata == {"message_id": str(message.pk), "category": "test_orders"}


def test_looking_at_the_link_changes_nothing(client, link):
    page = client.get(link)

    assert "Orders" in page.content.decode()
    assert not Preference.objects.exists()
    assert not page.cookies


def test_one_click_stops_the_mail_without_cookies_and_again(link, grace):
    program = Client(enforce_csrf_checks=True)

    for _ in range(2):
        answer = program.post(
            link,
            "List-Unsubscribe=One-Click",
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 200

    wish = Preference.objects.get()
    assert (wish.user_id, wish.category, wish.channel, wish.is_enabled) == (
        grace.pk,
        "test_orders",
        "email",
        False,
    )
    publish(topic=TEST_NEWS, recipients=[grace.pk], key="k", context=WORDS)
    work_lane(lane=TEST_NEWS.priority, seconds=20)
    assert mail.outbox == []
    assert not Timer.objects.exists()


def test_one_click_beats_a_mail_that_is_planned_already(client, link, grace):
    publish(topic=TEST_NEWS, recipients=[grace.pk], key="k", context=WORDS)
    plan_next_batch(lane=TEST_NEWS.priority)

    client.post(link)
    work_lane(lane=TEST_NEWS.priority, seconds=20)

    message = Message.objects.get(channel="email")
    assert (message.status, message.reason) == ("suppressed", "preference")
    assert mail.outbox == []


def test_it_is_turned_on_again(client, link):
    stopped = client.post(link)
    assert "Turn on again" in stopped.content.decode()

    client.post(link, {"action": "undo"})

    assert Preference.objects.get().is_enabled


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_that_is_not_ours_does_not_exist(client, link, method):
    forged = link[:-3] + ("AA/" if link[-3:] != "AA/" else "BB/")

    assert getattr(client, method)(forged).status_code == 404
    assert not Preference.objects.exists()


def test_the_link_of_someone_who_left_does_not_exist(client, link, grace):
    grace.delete()

    assert client.post(link).status_code == 404


def test_a_category_that_is_no_more_does_not_exist(client, grace, settings):
    url = unsubscribe_url(user_pk=grace.pk, category="retired")

    assert client.post(url.removeprefix(settings.SITE_URL)).status_code == 404
