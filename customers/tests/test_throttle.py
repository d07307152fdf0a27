"""Passwords, links and codes cannot be tried without end, by whichever form."""

import pytest
from django.conf import settings as site
from django.core import mail
from django.test import Client
from django.urls import reverse

from customers import throttling
from customers.exceptions import TooManyAttemptsError
from customers.models import User
from customers.tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("limits")]


def sign_in(client: Client, email: str, password: str, place: str = "8.8.8.1"):
    url = reverse("customers:sign-in")
    form = {"username": email, "password": password}
    return client.post(url, form, REMOTE_ADDR=place)


def test_the_eleventh_wrong_password_is_not_looked_at(client: Client) -> None:
    user = UserFactory.create()
    for _ in range(10):
        assert sign_in(client, user.email, "wrong").status_code == 200

    refused = sign_in(client, user.email.upper(), PASSWORD)

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 15 * 60
    assert "Too many attempts. Try again in" in refused.content.decode()
    assert "_auth_user_id" not in client.session


def test_who_signs_in_rightly_is_not_counted(client: Client) -> None:
    user = UserFactory.create()

    for _ in range(12):
        assert sign_in(Client(), user.email, PASSWORD).status_code == 302


def test_others_may_sign_in_while_one_may_not(client: Client) -> None:
    user, other = UserFactory.create_batch(2)
    for _ in range(11):
        sign_in(client, user.email, "wrong")

    assert sign_in(client, other.email, PASSWORD).status_code == 302


def test_one_address_may_not_try_many_emails(client: Client) -> None:
    user = UserFactory.create()
    for number in range(50):
        sign_in(client, f"{number}@example.com", "wrong", place="8.8.8.9")

    here = sign_in(client, user.email, PASSWORD, place="8.8.8.9")
    elsewhere = sign_in(client, user.email, PASSWORD, place="8.8.8.8")

    assert (here.status_code, elsewhere.status_code) == (429, 302)


def test_guesses_from_elsewhere_do_not_lock_the_owner_out(client: Client) -> None:
    user = UserFactory.create()
    for _ in range(11):
        sign_in(client, user.email, "wrong", place="8.8.8.9")

    assert sign_in(Client(), user.email, PASSWORD, place="8.8.8.8").status_code == 302


def test_guesses_from_many_places_come_to_an_end(client: Client) -> None:
    user = UserFactory.create()
    for number in range(100):
        sign_in(client, user.email, "wrong", place=f"8.8.{number // 10}.1")

    refused = sign_in(Client(), user.email, PASSWORD, place="9.9.9.9")

    assert refused.status_code == 429


def test_a_browser_that_was_here_before_is_counted_by_itself(client: Client) -> None:
    user = UserFactory.create()
    sign_in(client, user.email, PASSWORD)
    client.post(reverse("customers:sign-out"))
    stranger = Client()
    for _ in range(11):
        sign_in(stranger, user.email, "wrong")

    right = sign_in(client, user.email, PASSWORD)
    client.post(reverse("customers:sign-out"))
    for _ in range(10):
        sign_in(client, user.email, "wrong")

    assert right.status_code == 302
    assert sign_in(client, user.email, PASSWORD).status_code == 429


def test_a_browser_of_another_account_is_a_strangers(client: Client) -> None:
    user, other = UserFactory.create_batch(2)
    sign_in(client, other.email, PASSWORD)
    client.post(reverse("customers:sign-out"))
    for _ in range(10):
        sign_in(Client(), user.email, "wrong")

    assert sign_in(client, user.email, PASSWORD).status_code == 429


@pytest.mark.parametrize("door", ["owner:login", "admin:login"])
def test_the_back_offices_count_as_well(client: Client, door: str) -> None:
    user = UserFactory.create(is_staff=True)
    form = {"username": user.email, "password": "wrong"}
    for _ in range(10):
        client.post(reverse(door), form)

    page = client.post(reverse(door), {**form, "password": PASSWORD})

    assert "Too many attempts" in page.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("name", ["sign-in-link", "password-reset"])
def test_five_letters_an_hour_go_to_one_email(client: Client, name: str) -> None:
    user = UserFactory.create()
    url = reverse(f"customers:{name}")
    for _ in range(5):
        client.post(url, {"email": user.email})

    refused = client.post(url, {"email": user.email})

    assert refused.status_code == 429
    assert len(mail.outbox) == 5


@pytest.mark.parametrize("name", ["sign-in-link", "password-reset"])
def test_letters_asked_for_elsewhere_do_not_stop_the_owners(name: str) -> None:
    user = UserFactory.create()
    url = reverse(f"customers:{name}")
    for _ in range(6):
        Client().post(url, {"email": user.email}, REMOTE_ADDR="8.8.8.9")

    answer = Client().post(url, {"email": user.email}, REMOTE_ADDR="8.8.8.8")

    assert answer.status_code == 302
    assert len(mail.outbox) == 6


def test_letters_to_one_email_come_to_an_end_wherever_asked_for() -> None:
    user = UserFactory.create()
    url = reverse("customers:sign-in-link")
    for number in range(30):
        Client().post(url, {"email": user.email}, REMOTE_ADDR=f"8.8.{number // 5}.1")

    answer = Client().post(url, {"email": user.email}, REMOTE_ADDR="9.9.9.9")

    assert (answer.status_code, len(mail.outbox)) == (429, 30)


def test_a_browser_that_was_here_before_gets_letters_all_the_same(
    client: Client,
) -> None:
    user = UserFactory.create()
    sign_in(client, user.email, PASSWORD)
    client.post(reverse("customers:sign-out"))
    url = reverse("customers:sign-in-link")
    for _ in range(6):
        Client().post(url, {"email": user.email})

    assert client.post(url, {"email": user.email}).status_code == 302


def test_who_has_an_account_cannot_be_asked_without_end_by_signing_up() -> None:
    taken = {
        "email": UserFactory.create().email,
        "name": "Eve",
        "password": PASSWORD,
    }
    url = reverse("customers:sign-up")
    answers = [Client().post(url, taken, REMOTE_ADDR="8.8.8.8") for _ in range(21)]

    assert "already an account" in answers[19].content.decode()
    assert answers[20].status_code == 429
    assert "already an account" not in answers[20].content.decode()
    assert f'value="{taken["email"]}"' in answers[20].content.decode()


def test_twenty_accounts_an_hour_come_from_one_address(client: Client) -> None:
    answers = [
        Client().post(
            reverse("customers:sign-up"),
            {"email": f"new{n}@example.com", "name": "New", "password": PASSWORD},
            REMOTE_ADDR="8.8.8.8",
        )
        for n in range(21)
    ]

    assert answers[-1].status_code == 429
    assert User.objects.count() == 20


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("2600:1f18:1:2:3:4:5:6", "2600:1f18:1:2::/64"),
        # How a server that listens on IPv6 writes the addresses of IPv4.
        *(("::ffff:8.8.8.8", "8.8.8.8"), ("::ffff:10.1.2.3", "")),
        # This machine, and proxies that do not say for whom they ask.
        *(("127.0.0.1", ""), ("10.1.2.3", ""), ("::1", ""), ("", ""), ("unix:", "")),
    ],
)
def test_who_shares_a_network_is_counted_together(rf, address: str, place: str) -> None:
    assert throttling.place_of(rf.get("/", REMOTE_ADDR=address)) == place


@pytest.mark.parametrize(
    ("proxies", "forwarded", "place"),
    [
        (1, "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        (2, "1.1.1.1, 8.8.8.8, 10.0.0.2", "8.8.8.8"),
        (2, "8.8.8.8", "8.8.8.8"),
        (1, "", ""),
    ],
)
def test_behind_proxies_only_what_they_wrote_is_believed(
    rf, settings, proxies: int, forwarded: str, place: str
) -> None:
    settings.PROXY_COUNT = proxies
    asked = rf.get("/", HTTP_X_FORWARDED_FOR=forwarded, REMOTE_ADDR="127.0.0.1")

    assert throttling.place_of(asked) == place


def test_a_cache_that_is_down_stops_nobody(client: Client, settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    user = UserFactory.create()

    assert sign_in(client, user.email, PASSWORD).status_code == 302


def test_what_is_given_back_was_not_spent() -> None:
    for _ in range(30):
        throttling.spend((throttling.PASSWORDS_ASKED, "ada"))
        throttling.give_back((throttling.PASSWORDS_ASKED, "ADA "))
    for _ in range(10):
        throttling.spend((throttling.PASSWORDS_ASKED, "ada"))

    with pytest.raises(TooManyAttemptsError):
        throttling.spend((throttling.PASSWORDS_ASKED, "ada"))


def test_nothing_is_counted_where_it_is_turned_off(settings) -> None:
    settings.LIMIT_ATTEMPTS = False

    for _ in range(30):
        throttling.spend((throttling.PASSWORDS_ASKED, "ada"))

    assert site.LIMIT_ATTEMPTS is False


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("customers:password-change", "old_password"),
        ("customers:email-change", "password"),
        ("customers:security", "password"),
        ("account-delete", "password"),
    ],
)
def test_whoever_finds_a_page_open_cannot_guess_its_password(
    client: Client, name: str, field: str
) -> None:
    client.force_login(UserFactory.create())
    for _ in range(10):
        client.post(reverse(name), {field: "wrong"})

    right = client.post(reverse(name), {field: PASSWORD})
    wrong = client.post(reverse(name), {field: "wrong"})

    assert (right.status_code, wrong.status_code) == (429, 429)
    assert "Too many attempts" in right.content.decode()
    # Neither says which it was.
    for page in (right, wrong):
        assert page.context["form"].errors == {}
