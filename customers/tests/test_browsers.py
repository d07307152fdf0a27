"""A sign-in with a new browser is told; all others can be signed out."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.browsers import describe_browser
from customers.models import KnownBrowser, User
from customers.tests.factories import PASSWORD, UserFactory
from notifications.models import Channel, Event, Message
from notifications.rendering import render_words
from notifications.services.planning import plan_next_batch

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
)


def sign_in(client: Client, user: User, agent: str = FIREFOX) -> None:
    form = {"username": user.email, "password": PASSWORD}
    answer = client.post(
        reverse("customers:sign-in"), form, headers={"User-Agent": agent}
    )
    assert answer.status_code == 302


def told() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("topic", flat=True))


def test_the_first_browser_of_an_account_is_no_news(client: Client) -> None:
    user = UserFactory.create()

    sign_in(client, user)

    assert KnownBrowser.objects.get().label == "Firefox on Linux"
    assert told() == []


def test_another_browser_is_told_once(client: Client) -> None:
    user = UserFactory.create()
    sign_in(client, user)
    phone = Client()

    sign_in(phone, user, SAFARI)
    phone.post(reverse("customers:sign-out"))
    sign_in(phone, user, SAFARI)

    event = Event.objects.get()
    assert (event.topic, event.lane) == ("new_sign_in", "critical")
    assert event.context["browser"] == "Safari on iPhone"
    assert KnownBrowser.objects.count() == 2


def test_the_news_comes_by_mail_and_inbox_in_ones_own_time() -> None:
    user = UserFactory.create(time_zone="America/Los_Angeles")
    sign_in(Client(), user)
    sign_in(Client(), user, SAFARI)

    plan_next_batch(lane="critical")

    channels = Message.objects.exclude(reason="no_endpoint").values_list("channel")
    assert {channel for (channel,) in channels} == {Channel.IN_APP, Channel.EMAIL}
    words = render_words(
        "new_sign_in",
        {
            "browser": "Safari on iPhone",
            "at": "2026-11-21T22:05:00+00:00",
            "time_zone": user.time_zone,
        },
        locale="en",
        time_zone=user.time_zone,
    )
    assert "21 November at 14:05" in words[1]


def test_the_cookie_cannot_be_read_by_scripts_nor_forged(client: Client) -> None:
    user = UserFactory.create()
    sign_in(client, user)
    cookie = client.cookies["browser"]
    forger = Client()
    forger.cookies["browser"] = "forged" + cookie.value[6:]

    sign_in(forger, user)

    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["max-age"] == 365 * 24 * 3600
    assert told() == ["new_sign_in"]
    assert cookie.value.split(":")[0] not in str(
        list(KnownBrowser.objects.values_list("digest"))
    )


def test_one_browser_of_two_people_is_each_ones_own(client: Client) -> None:
    ada, grace = UserFactory.create_batch(2)
    sign_in(client, ada)
    client.post(reverse("customers:sign-out"))

    sign_in(client, grace)

    assert KnownBrowser.objects.filter(user=grace).count() == 1
    assert told() == []


def test_a_sign_in_at_the_back_office_counts_as_well(client: Client) -> None:
    user = UserFactory.create(is_staff=True)
    sign_in(Client(), user)

    client.post(reverse("admin:login"), {"username": user.email, "password": PASSWORD})

    assert told() == ["new_sign_in"]


def test_the_page_shows_ones_own_browsers_only(client: Client) -> None:
    sign_in(Client(), UserFactory.create(), EDGE)
    user = UserFactory.create()
    sign_in(client, user)

    page = client.get(reverse("customers:security")).content.decode()

    assert "Firefox on Linux" in page
    assert "This browser" in page
    assert "Edge" not in page


def test_signing_out_elsewhere_ends_all_sessions_but_this(client: Client) -> None:
    user = UserFactory.create()
    elsewhere = Client()
    sign_in(elsewhere, user, EDGE)
    sign_in(client, user)

    client.post(reverse("customers:security"), {"password": PASSWORD})

    url = reverse("customers:profile")
    assert client.get(url).status_code == 200
    assert elsewhere.get(url).status_code == 302
    assert KnownBrowser.objects.get().label == "Firefox on Linux"
    sign_in(elsewhere, user, EDGE)
    assert told() == ["new_sign_in", "signed_out_elsewhere", "new_sign_in"]


def test_signing_out_elsewhere_keeps_a_browser_that_had_no_key(client: Client) -> None:
    user = UserFactory.create()
    sign_in(Client(), user, EDGE)
    client.force_login(user)

    client.post(
        reverse("customers:security"),
        {"password": PASSWORD},
        headers={"User-Agent": FIREFOX},
    )
    page = client.get(reverse("customers:security")).content.decode()
    sign_in(Client(), user, SAFARI)

    assert "This browser" in page
    labels = KnownBrowser.objects.values_list("label", flat=True)
    assert set(labels) == {"Firefox on Linux", "Safari on iPhone"}
    assert told()[-1] == "new_sign_in"


def test_an_old_account_of_which_no_browser_is_known_is_told(client: Client) -> None:
    user = UserFactory.create(date_joined=timezone.now() - timedelta(days=1))

    sign_in(client, user)

    assert told() == ["new_sign_in"]


def test_signing_out_elsewhere_needs_the_password(client: Client) -> None:
    user = UserFactory.create()
    elsewhere = Client()
    sign_in(elsewhere, user)
    sign_in(client, user)

    page = client.post(reverse("customers:security"), {"password": "wrong"})

    assert list(page.context["form"].errors) == ["password"]
    assert elsewhere.get(reverse("customers:profile")).status_code == 200


def test_a_changed_password_is_told(client: Client) -> None:
    client.force_login(UserFactory.create())

    client.post(
        reverse("customers:password-change"),
        {
            "old_password": PASSWORD,
            "new_password1": "better-horse-staple",
            "new_password2": "better-horse-staple",
        },
    )

    assert told() == ["password_changed"]


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        ("curl/8.5.0", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_a_browser_is_named_by_what_it_says(agent: str, label: str) -> None:
    assert describe_browser(agent) == label
