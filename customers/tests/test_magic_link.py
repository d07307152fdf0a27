"""A link by mail signs in: once, soon, and nobody but whom it was mailed to."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from celery import Celery
from celery.app import app_or_default
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import User
from customers.services import links, make_sign_in_link
from customers.services.links import SignInTokens
from customers.tasks import mail_link
from customers.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def ask(client: Client, email: str, **more: str):
    return client.post(
        reverse("customers:sign-in-link"), {"email": email, **more}, follow=True
    )


def link_in(letter) -> str:
    found = re.search(r"https?://\S+", str(letter.body))
    assert found is not None
    url = urlsplit(found[0])
    return f"{url.path}?{url.query}" if url.query else url.path


def signed_in(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_the_link_signs_in_where_its_reader_wanted_to_go(client: Client) -> None:
    user = UserFactory.create(email="ada@example.com")
    ask(client, "ADA@example.com", next="/orders/?q=a&b=c")
    [letter] = mail.outbox
    link = link_in(letter)
    # In another browser than the one that asked.
    phone = Client()

    page = phone.get(link)
    before = signed_in(phone)
    done = phone.post(urlsplit(link).path, {"next": page.context["next"]})

    assert letter.to == ["ada@example.com"]
    assert "ada@example.com" in page.content.decode()
    assert before is None
    assert done["Location"] == "/orders/?q=a&b=c"
    assert signed_in(phone) == str(user.pk)


def test_a_link_is_good_once(client: Client) -> None:
    link = reverse(
        "customers:sign-in-by-link", args=make_sign_in_link(UserFactory.create())
    )
    client.post(link)

    again = Client()
    answers = [again.get(link), again.post(link)]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert "already used" in answers[0].content.decode()
    assert signed_in(again) is None


class EarlierTokens(SignInTokens):
    ago = timedelta(0)

    def _now(self) -> datetime:
        return super()._now() - self.ago


@pytest.mark.parametrize(("seconds", "status"), [(0, 302), (2, 410)])
def test_a_link_is_good_for_a_quarter_of_an_hour(
    client: Client, seconds: int, status: int
) -> None:
    user = UserFactory.create()
    earlier = EarlierTokens()
    earlier.ago = timedelta(minutes=15, seconds=seconds - 1)
    link = [make_sign_in_link(user)[0], earlier.make_token(user)]

    answer = client.post(reverse("customers:sign-in-by-link", args=link))

    assert answer.status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"password": "other"},
        {"email": "other@example.com"},
        {"is_active": False},
        {"last_login": timezone.now()},
    ],
)
def test_a_link_ends_with_what_it_was_made_of(client: Client, change) -> None:
    user = UserFactory.create()
    link = reverse("customers:sign-in-by-link", args=make_sign_in_link(user))
    User.objects.filter(pk=user.pk).update(**change)

    assert client.post(link).status_code == 410
    assert signed_in(client) is None


def test_a_link_is_for_one_account(client: Client) -> None:
    ada, eve = UserFactory.create_batch(2)
    link = [make_sign_in_link(ada)[0], make_sign_in_link(eve)[1]]

    answer = client.post(reverse("customers:sign-in-by-link", args=link))

    assert answer.status_code == 410


def test_a_password_link_does_not_sign_in_nor_the_other_way(client: Client) -> None:
    user = UserFactory.create()
    client.post(reverse("customers:password-reset"), {"email": user.email})
    parts = link_in(mail.outbox[0]).rstrip("/").split("/")[-2:]

    answer = client.post(reverse("customers:sign-in-by-link", args=parts))
    other = client.get(
        reverse("customers:password-reset-confirm", args=make_sign_in_link(user))
    )

    assert answer.status_code == 410
    assert "already used" in other.content.decode()


def test_nobody_learns_who_has_an_account(client: Client) -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="gone@example.com", is_active=False)
    UserFactory.create(email="guest@example.com", is_guest=True)

    pages = [
        re.sub(r"nonce\S+|csrf\S+", "", ask(client, email).content.decode())
        for email in (
            *("ada@example.com", "gone@example.com"),
            *("guest@example.com", "nobody@example.com"),
        )
    ]

    assert len({re.sub(r'value="\w{64}"', "", page) for page in pages}) == 1
    assert [letter.to for letter in mail.outbox] == [["ada@example.com"]]


@pytest.mark.parametrize("email", ["", "nobody", "a" * 300 + "@example.com"])
def test_what_is_no_email_is_said_beside_the_field(client: Client, email: str) -> None:
    page = ask(client, email)

    assert list(page.context["form"].errors) == ["email"]


def test_the_sign_in_page_offers_a_link_with_what_was_typed(client: Client) -> None:
    user = UserFactory.create()
    page = client.get(reverse("customers:sign-in")).content.decode()

    client.post(
        reverse("customers:sign-in-link"), {"username": user.email, "password": "x"}
    )

    assert f'formaction="{reverse("customers:sign-in-link")}"' in page
    assert len(mail.outbox) == 1


def test_a_link_never_leads_off_the_site(client: Client) -> None:
    user = UserFactory.create()
    ask(client, user.email, next="https://evil.example/")

    done = client.post(link_in(mail.outbox[0]), {"next": "//evil.example"})

    assert "evil" not in mail.outbox[0].body
    assert done["Location"] == reverse("restaurants:restaurant-list")


class BrokenBackend(EmailBackend):
    def send_messages(self, messages) -> int:
        raise ConnectionRefusedError


def test_a_mail_server_that_is_down_gives_nothing_away(client: Client, settings):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    user = UserFactory.create()

    assert ask(client, user.email).status_code == 200


def test_a_new_email_counts_once_its_link_is_followed(client: Client) -> None:
    user = UserFactory.create(email="ada@example.com")
    client.force_login(user)

    client.post(
        reverse("customers:email-change"),
        {"email": "new@example.com", "password": PASSWORD},
    )
    link = link_in(mail.outbox[0])
    page = Client().get(link)
    user.refresh_from_db()
    before = user.email
    Client().post(link)
    again = Client().post(link)

    user.refresh_from_db()
    assert mail.outbox[0].to == ["new@example.com"]
    assert "new@example.com" in page.content.decode()
    assert (before, user.email) == ("ada@example.com", "new@example.com")
    assert again.status_code == 410
    assert mail.outbox[1].to == ["ada@example.com"]


def test_a_new_email_needs_the_password(client: Client) -> None:
    client.force_login(UserFactory.create())

    page = client.post(
        reverse("customers:email-change"),
        {"email": "new@example.com", "password": "wrong"},
    )

    assert list(page.context["form"].errors) == ["password"]
    assert mail.outbox == []


def test_anothers_email_gets_no_letter_and_the_same_answer(client: Client) -> None:
    other = UserFactory.create()
    client.force_login(UserFactory.create())
    form = {"email": other.email, "password": PASSWORD}

    answer = client.post(reverse("customers:email-change"), form)

    assert answer["Location"] == reverse("customers:email-change-sent")
    assert mail.outbox == []


def test_an_email_taken_meanwhile_is_refused(client: Client) -> None:
    user = UserFactory.create()
    token = links.make_email_token(user=user, email="new@example.com")
    UserFactory.create(email="New@example.com")

    answer = client.post(reverse("customers:email-confirm", args=[token]))

    assert answer.status_code == 410
    assert "already an account" in answer.content.decode()


def test_a_changed_password_ends_a_link_to_a_new_email(client: Client) -> None:
    user = UserFactory.create()
    token = links.make_email_token(user=user, email="eve@example.com")
    user.set_password("better-horse-staple")
    user.save()

    answer = client.post(reverse("customers:email-confirm", args=[token]))

    user.refresh_from_db()
    assert answer.status_code == 410
    assert user.email != "eve@example.com"


@pytest.fixture
def use_broker(settings) -> Iterator[Callable[[str], Celery]]:
    """Let a broker other than the site's be the one that a worker listens to."""
    settings.MAIL_BY_WORKER = True
    before = app_or_default()

    def use(url: str) -> Celery:
        app = Celery("letters", broker=url)
        app.conf.broker_transport_options = {"max_retries": 0}
        app.set_current()
        return app

    yield use
    before.set_current()


@pytest.mark.parametrize("name", ["sign-in-link", "password-reset"])
def test_a_worker_mails_links_and_no_broker_holds_one(
    client: Client, use_broker, name: str
) -> None:
    app = use_broker("memory://")
    user = UserFactory.create()

    with app.connection_for_read() as link:
        queue = link.SimpleQueue("celery")
        queue.clear()
        for email in (user.email, "nobody@example.com"):
            client.post(reverse(f"customers:{name}"), {"email": email})
        sent = [queue.get_nowait() for _ in range(2)]
        queue.close()
    before = list(mail.outbox)
    for message in sent:
        mail_link(*message.payload[0])

    # As much is done for nobody, so that nobody can tell by the time it takes.
    assert [message.payload[0][1] for message in sent] == [user.pk, 0]
    assert not any("/" in str(message.payload[0]) for message in sent)
    assert before == []
    assert [letter.to for letter in mail.outbox] == [[user.email]]


def test_links_are_mailed_while_there_is_no_broker(client: Client, use_broker) -> None:
    use_broker("redis://127.0.0.1:1/0")
    user = UserFactory.create()

    ask(client, user.email)

    assert [letter.to for letter in mail.outbox] == [[user.email]]
