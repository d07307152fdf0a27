"""The streams' server as a browser meets it: a process of its own, and a real Redis."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse

import pytest
import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from config.streams.hub import CLIENT_NAME
from config.tests.conftest import session_of
from config.tests.streaming import SITE, next_event, running_server
from customers.tests.factories import UserFactory
from delivery.models import Delivery
from delivery.services import Position, pick_up_delivery, share_position
from delivery.tests.factories import KITCHEN, deliver, place
from notifications.models import Notification
from notifications.services.inbox import mark_all_read, mark_read
from notifications.tests.factories import NotificationFactory
from orders.models import Order
from orders.services import accept_order, propose_line_change

pytestmark = pytest.mark.django_db(transaction=True)
Ask = Callable[..., HTTPResponse]


@pytest.fixture(scope="module")
def server(django_db_setup) -> Iterator[int]:
    with running_server() as port:
        yield port


def signed_in(user) -> str:
    client = Client()
    client.force_login(user)
    return f"other=1; sessionid={client.cookies['sessionid'].value}"


@pytest.fixture
def ask(server) -> Iterator[Ask]:
    """Give what asks the server; the answers are closed when the test is over."""
    with ExitStack() as stack:

        def ask(
            cookie: str, method: str = "GET", path: str = "/inbox/stream/"
        ) -> HTTPResponse:
            line = HTTPConnection("127.0.0.1", server, timeout=10)
            stack.enter_context(closing(line))
            line.request(method, path, headers={"Cookie": cookie, "Origin": SITE})
            return stack.enter_context(line.getresponse())

        yield ask


def unread(count: int) -> str:
    return f"event: unread\ndata: {count}"


@pytest.fixture
def ada(settings):
    settings.NOTIFICATIONS_LIVE = True
    return UserFactory.create()


def test_the_count_is_told_at_once_and_when_it_changes(ask, ada):
    NotificationFactory.create(recipient=ada)
    stream, other = ask(signed_in(ada)), ask(signed_in(ada))
    assert next_event(stream) == next_event(other) == unread(1)

    NotificationFactory.create(recipient=ada)
    assert next_event(stream) == next_event(other) == unread(2)

    mark_read(notification=Notification.objects.filter(recipient=ada)[0])
    assert next_event(stream) == unread(1)

    mark_all_read(recipient_pk=ada.pk)
    assert next_event(stream) == unread(0)


def test_nobody_hears_of_anothers_inbox(ask, ada):
    stream = ask(signed_in(ada))
    assert next_event(stream) == unread(0)

    NotificationFactory.create()
    NotificationFactory.create(recipient=ada)

    assert next_event(stream) == unread(1)


def test_a_page_that_is_closed_and_opened_again_goes_on(ask, ada):
    cookie = signed_in(ada)
    for count in range(3):
        with ask(cookie) as stream:
            assert next_event(stream) == unread(count)
            NotificationFactory.create(recipient=ada)
            assert next_event(stream) == unread(count + 1)
        time.sleep(0.1)


def test_news_go_on_after_redis_was_away(ask, ada):
    stream = ask(signed_in(ada))
    assert next_event(stream) == unread(0)
    client = redis.Redis.from_url(settings.REDIS_URL)

    for connected in client.client_list():
        if connected["name"] == CLIENT_NAME:
            client.client_kill(connected["addr"])
    NotificationFactory.create(recipient=ada)

    assert next_event(stream) == unread(1)
    client.close()


def test_only_the_sites_own_pages_may_read(ask, ada):
    answer = ask(signed_in(ada))

    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "cookie",
    ["", "sessionid=", "sessionid=guess", "sessionid=%00", "=;;;=", "x" * 4000],
)
def test_who_is_not_signed_in_hears_nothing(ask, cookie):
    answer = ask(cookie)

    assert (answer.status, answer.read()) == (401, b"Unauthorized")


def test_a_session_that_ended_hears_nothing(ask, ada):
    left, changed, closed = signed_in(ada), signed_in(ada), signed_in(ada)
    client = Client()
    client.cookies["sessionid"] = left.rpartition("=")[2]
    client.logout()
    assert ask(left).status == 401

    ada.set_password("another-horse-battery")
    ada.save()
    assert ask(changed).status == 401

    get_user_model().objects.update(is_active=False)
    assert ask(closed).status == 401


def test_a_page_hears_no_more_once_its_session_ended(ask, ada):
    cookie = signed_in(ada)
    stream = ask(cookie)
    assert next_event(stream) == unread(0)

    ada.set_password("another-horse-battery")
    ada.save()
    NotificationFactory.create(recipient=ada)

    assert stream.read() == b""


def test_there_is_nothing_else(ask, ada):
    cookie = signed_in(ada)

    assert ask(cookie, path="/").status == 404
    assert ask(cookie, method="POST").status == 405


def order_stream(order: Order) -> str:
    return f"/orders/stream/?order={order.public_id}"


def guest_session(order: Order) -> str:
    """Return the cookie of a browser that a guest's link was opened in."""
    Order.objects.filter(pk=order.pk).update(guest_token="a-link")
    client = Client()
    client.get(reverse("orders:order-link", args=["a-link"]))
    return f"sessionid={client.cookies['sessionid'].value}"


def test_an_order_rings_whatever_happens_to_it(ask, ada):
    order = place(ada)
    stream = ask(signed_in(ada), path=order_stream(order))
    told = [next_event(stream)]

    accept_order(order_pk=order.pk, actor=KITCHEN)
    told.append(next_event(stream))
    line = order.lines.get()
    propose_line_change(
        order_pk=order.pk, line_pk=line.pk, actor=KITCHEN, item_pk=line.item_id
    )
    told.append(next_event(stream))
    token = Delivery.objects.get(order=order).token
    pick_up_delivery(token=token)
    told.append(next_event(stream))
    share_position(token=token, position=Position(37.76, -122.42))
    told.append(next_event(stream))

    assert len(set(told)) == len(told)
    assert all(one.startswith("event: order\ndata: ") for one in told)


def test_a_guests_browser_hears_of_the_guests_order(ask, ada):
    order = deliver(ada).order
    stream = ask(guest_session(order), path=order_stream(order))
    first = next_event(stream)

    pick_up_delivery(token=Delivery.objects.get(order=order).token)

    assert next_event(stream) != first


def test_nobody_else_hears_of_an_order(ask, ada):
    order, other = place(ada), place(UserFactory.create())
    stranger = signed_in(UserFactory.create())
    guest = guest_session(other)

    assert ask(stranger, path=order_stream(order)).status == 403
    assert ask(guest, path=order_stream(order)).status == 401
    assert ask("", path=order_stream(order)).status == 401
    for odd in ("", "?order=", "?order=%00", "?order=x", "?" + "order=1&" * 50):
        assert ask(stranger, path=f"/orders/stream/{odd}").status == 403


def test_a_page_without_a_stream_asks_each_minute(browser, live_server, ada):
    context = browser.new_context()
    context.add_cookies(session_of(ada, live_server.url))
    page = context.new_page()
    page.clock.install()
    page.goto(live_server.url + reverse("notifications:inbox"))
    badge = page.locator("[data-unread]")
    assert not badge.is_visible()

    NotificationFactory.create(recipient=ada)
    page.clock.fast_forward(61_000)

    badge.wait_for()
    assert badge.inner_text() == "1"
    context.close()


def test_a_redis_that_is_down_stops_nobody(ada, settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    notification = NotificationFactory.create(recipient=ada)

    mark_read(notification=notification)

    assert Notification.objects.get(pk=notification.pk).read_at
    assert "are not told" in caplog.text
