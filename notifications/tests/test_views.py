from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications.selectors import count_unread, list_notifications_for_recipient
from notifications.tests.factories import NotificationFactory, RecipientFactory

pytestmark = pytest.mark.django_db
INBOX = reverse("notifications:inbox")


def test_inbox_is_for_who_signed_in(client: Client, settings: Any) -> None:
    settings.LOGIN_URL = "/sign-in/"

    response = client.get(reverse("notifications:unread-count"))

    assert response.headers["Location"].startswith("/sign-in/")


def test_inbox_is_newest_first_and_pages_by_key() -> None:
    recipient = RecipientFactory.create()
    made = NotificationFactory.create_batch(5, recipient=recipient)
    NotificationFactory.create()

    first = list_notifications_for_recipient(recipient_pk=recipient.pk, limit=3)
    rest = list_notifications_for_recipient(
        recipient_pk=recipient.pk, before=first[-1].pk
    )

    assert [*first, *rest] == made[::-1]


def test_the_inbox_asks_as_much_for_twenty_as_for_one(
    client: Client, django_assert_num_queries: Any
) -> None:
    recipient = RecipientFactory.create()
    client.force_login(recipient)
    NotificationFactory.create(recipient=recipient)
    with CaptureQueriesContext(connection) as asked_for_one:
        client.get(INBOX)

    NotificationFactory.create_batch(19, recipient=recipient)

    with django_assert_num_queries(len(asked_for_one)):
        client.get(INBOX)


def test_opening_marks_read_and_goes_to_its_page(client: Client) -> None:
    notification = NotificationFactory.create(wording__url="/orders/7/")
    client.force_login(notification.recipient)

    response = client.post(f"{INBOX}{notification.pk}/")

    assert response.headers["Location"] == "/orders/7/"
    notification.refresh_from_db()
    assert notification.read_at


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", ""])
def test_opening_never_leaves_the_site(client: Client, url: str) -> None:
    notification = NotificationFactory.create(wording__url=url)
    client.force_login(notification.recipient)

    response = client.post(f"{INBOX}{notification.pk}/")

    assert response.headers["Location"] == INBOX


def test_somebody_elses_notification_does_not_exist(client: Client) -> None:
    notification = NotificationFactory.create()
    client.force_login(RecipientFactory.create())

    response = client.post(f"{INBOX}{notification.pk}/")

    assert response.status_code == 404
    notification.refresh_from_db()
    assert notification.read_at is None


def test_all_are_marked_read_at_once(client: Client) -> None:
    recipient = RecipientFactory.create()
    NotificationFactory.create_batch(2, recipient=recipient)
    foreign = NotificationFactory.create()
    client.force_login(recipient)
    unread = client.get(f"{INBOX}unread/").json()

    client.post(f"{INBOX}read/")

    assert unread == {"unread": 2}
    assert count_unread(recipient_pk=recipient.pk) == 0
    assert count_unread(recipient_pk=foreign.recipient.pk) == 1


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 19, "²"])
def test_broken_cursor_is_not_found(client: Client, cursor: str) -> None:
    client.force_login(RecipientFactory.create())

    assert client.get(INBOX, {"after": cursor}).status_code == 404


@pytest.mark.parametrize("after", ["x", "-1", "9" * 19, "9" * 4500, "²"])
def test_an_odd_place_in_the_inbox_is_not_found(client: Client, after: str) -> None:
    client.force_login(RecipientFactory.create())

    assert client.get(INBOX, {"after": after}).status_code == 404
