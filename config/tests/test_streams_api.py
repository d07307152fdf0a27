"""The streams' server as an app meets it: with a token, by events or by waiting."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from config.streams.server import MOST_STREAMS
from config.tests.streaming import next_event, running_server
from config.tests.test_launcher import wait_for
from customers.models import Scope
from customers.services import sign_in_app
from customers.services.app_sessions import end_app_sessions
from customers.tests.factories import UserFactory
from delivery.tests.factories import KITCHEN, own, place
from menus.tests.factories import ItemFactory
from notifications.live import read_stamps
from notifications.tests.factories import NotificationFactory
from orders.models import Order
from orders.services import accept_order
from restaurants.live import ring_board
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db(transaction=True)
INBOX, BOARD = "/me/inbox/stream", "/owner/board/stream"
Ask = Callable[..., HTTPResponse]


@pytest.fixture(scope="module")
def server(django_db_setup) -> Iterator[int]:
    with running_server() as port:
        yield port


@pytest.fixture
def ask(server) -> Iterator[Ask]:
    """Give what asks the server; the answers are closed when the test is over."""
    with ExitStack() as stack:

        def ask(
            path: str, token: str = "", method: str = "GET", query=None, **headers: str
        ) -> HTTPResponse:
            line = HTTPConnection("127.0.0.1", server, timeout=10)
            stack.enter_context(closing(line))
            named = {name.replace("_", "-"): text for name, text in headers.items()}
            if token:
                named["Authorization"] = f"Bearer {token}"
            address = f"/api/v1{path}?{urlencode(query or {})}"
            line.request(method, address, headers=named)
            return stack.enter_context(line.getresponse())

        yield ask


@pytest.fixture
def ada(settings):
    settings.NOTIFICATIONS_LIVE = True
    return UserFactory.create()


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """Do something while the test waits for an answer."""
    threads: list[threading.Thread] = []

    def later(act: Callable[..., object], **arguments: object) -> None:
        def run() -> None:
            time.sleep(0.5)
            act(**arguments)
            connection.close()

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield later
    for thread in threads:
        thread.join()


def token_of(user, *scopes: Scope) -> str:
    return sign_in_app(user=user, name="Test", scopes=scopes or tuple(Scope)).access


def stream_of(order: Order) -> str:
    return f"/orders/{order.public_id}/stream"


def parts(event: str) -> tuple[str, str, dict[str, object]]:
    """Return an event's id, name and data."""
    lines = dict(line.split(": ", 1) for line in event.split("\n"))
    return lines.get("id", ""), lines["event"], json.loads(lines["data"])


def problem(answer: HTTPResponse) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = json.loads(answer.read())
    assert told["request_id"] == answer.headers["X-Request-Id"]
    return answer.status, told["code"]


def test_an_app_hears_of_its_order(ask, ada):
    order = place(ada)
    stream = ask(stream_of(order), token_of(ada))
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert stream.readline() == b"retry: 3000\n"
    known, name, told = parts(next_event(stream))
    assert (name, told) == ("order", {"version": known})

    accept_order(order_pk=order.pk, actor=KITCHEN)

    assert parts(next_event(stream))[0] != known


def test_a_stream_says_what_is_left_of_the_limit(ask, ada):
    answer = ask(INBOX, token_of(ada), query={"wait": 1})

    assert answer.headers["RateLimit"].startswith('"api-user";r=5')
    assert answer.headers["RateLimit-Policy"] == '"api-user";q=600;w=60'


def test_a_page_may_ask_with_its_session(ask, ada):
    client = Client()
    client.force_login(ada)
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    answer = ask(INBOX, Cookie=cookie, query={"wait": 1})

    assert json.loads(answer.read())["unread"] == 0
    assert problem(ask(INBOX, Cookie="sessionid=guess"))[0] == 401


def test_without_redis_nobody_knows_what_rang(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert read_stamps(["a-channel"]) == []
    assert "Nobody knows" in caplog.text


def test_an_app_that_comes_again_hears_only_what_is_new(ask, ada):
    order, token = place(ada), token_of(ada)
    known, _name, _told = parts(next_event(ask(stream_of(order), token)))

    again = ask(stream_of(order), token, Last_Event_ID=known)
    accept_order(order_pk=order.pk, actor=KITCHEN)
    first = parts(next_event(again))
    missed = parts(next_event(ask(stream_of(order), token, Last_Event_ID=known)))

    assert first[0] == missed[0] != known


def test_an_app_hears_of_its_inbox(ask, ada):
    stream = ask(INBOX, token_of(ada, Scope.CUSTOMER))
    known, name, told = parts(next_event(stream))
    assert (name, told) == ("inbox", {"version": known, "unread": 0})

    NotificationFactory.create()
    NotificationFactory.create(recipient=ada)

    assert parts(next_event(stream))[2]["unread"] == 1


def test_an_app_hears_of_the_board_of_its_restaurants(ask, ada):
    item = ItemFactory.create()
    restaurant = item.section.menu.restaurant
    token = token_of(own(restaurant), Scope.RESTAURANT)
    one = {"restaurant_id": restaurant.public_id}
    streams = [ask(BOARD, token), ask(BOARD, token, query=one)]
    known = [parts(next_event(stream)) for stream in streams]
    assert {name for _known, name, _told in known} == {"board"}
    assert all(str(told["at"]).endswith("Z") for _known, _name, told in known)

    place(ada, item)
    for stream, before in zip(streams, known, strict=True):
        assert parts(next_event(stream))[0] != before[0]
    last = parts(next_event(ask(BOARD, token)))[0]
    ring_board(RestaurantFactory.create().pk)
    ring_board(restaurant.pk)

    assert parts(next_event(ask(BOARD, token)))[0] != last


def test_news_end_a_wait_at_once(ask, ada, later):
    order, token = place(ada), token_of(ada)
    first = ask(stream_of(order), token, query={"wait": 5})
    known = json.loads(first.read())["version"]
    assert first.headers["Content-Type"] == "application/json"

    later(accept_order, order_pk=order.pk, actor=KITCHEN)
    began = time.monotonic()
    second = ask(
        stream_of(order),
        token,
        query={"version": known},
        Accept="application/json",
    )

    assert second.status == 200
    assert json.loads(second.read())["version"] != known
    assert time.monotonic() - began < 4


def test_a_wait_without_news_ends_with_nothing(ask, ada):
    order, token = place(ada), token_of(ada)
    known = json.loads(ask(stream_of(order), token, query={"wait": 1}).read())
    began = time.monotonic()

    answer = ask(stream_of(order), token, query={"wait": 1, **known})

    assert (answer.status, answer.read()) == (204, b"")
    assert 0.9 < time.monotonic() - began < 4


def test_without_a_good_token_nobody_hears_anything(ask, ada):
    over, left = token_of(ada), token_of(ada)
    digest = AccessToken.objects.order_by("pk").first()
    AccessToken.objects.filter(pk=digest.pk).update(expires=timezone.now())
    for token in ("", "guess", "\xff", over):
        answer = ask(INBOX, token)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert problem(answer)[0] == 401

    end_app_sessions(user=ada)

    assert problem(ask(INBOX, left))[0] == 401


def test_a_token_that_is_revoked_ends_its_stream_before_the_next_news(ask, ada):
    stream = ask(INBOX, token_of(ada))
    next_event(stream)

    end_app_sessions(user=ada)
    NotificationFactory.create(recipient=ada)

    assert parts(next_event(stream))[1:] == ("end", {"reason": "token_revoked"})
    assert stream.read() == b""


def test_a_token_that_is_over_ends_its_stream(ask, ada):
    token = token_of(ada)
    soon = timezone.now() + timedelta(seconds=2)
    AccessToken.objects.update(expires=soon)
    stream = ask(INBOX, token)
    next_event(stream)

    assert parts(next_event(stream))[1:] == ("end", {"reason": "token_expired"})
    assert timezone.now() >= soon


def test_somebody_who_was_shut_out_hears_no_more(ask, ada):
    stream = ask(INBOX, token_of(ada))
    next_event(stream)

    ada.is_active = False
    ada.save()
    NotificationFactory.create(recipient=ada)

    assert parts(next_event(stream))[1] == "end"


def test_anothers_order_is_none(ask, ada):
    order, token = place(UserFactory.create()), token_of(ada)

    assert problem(ask(stream_of(order), token)) == (404, "not_found")
    assert problem(ask(f"/orders/{uuid4()}/stream", token)) == (404, "not_found")
    assert problem(ask("/orders/1/stream", token)) == (404, "not_found")


def test_anothers_board_is_none(ask, ada):
    other = RestaurantFactory.create()
    mine = token_of(own(RestaurantFactory.create()))
    one = {"restaurant_id": other.public_id}

    assert problem(ask(BOARD, mine, query=one)) == (404, "not_found")
    assert problem(ask(BOARD, token_of(ada))) == (403, "permission_denied")


def test_a_token_hears_only_what_its_scope_is_for(ask, ada):
    owner = own(RestaurantFactory.create())
    order = place(owner)
    for path, scope in (
        (BOARD, Scope.CUSTOMER),
        (INBOX, Scope.RESTAURANT),
        (stream_of(order), Scope.RESTAURANT),
    ):
        answer = ask(path, token_of(owner, scope))
        assert problem(answer) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"wait": 0}, "/wait"),
        ({"wait": 31}, "/wait"),
        ({"wait": "soon"}, "/wait"),
        ({"wait": "9" * 500}, "/wait"),
        ({"version": "\0"}, "/version"),
        ({"version": "x" * 65}, "/version"),
        ({"order": "x"}, "/order"),
    ],
)
def test_what_makes_no_sense_is_refused(ask, ada, query, pointer):
    answer = ask(INBOX, token_of(ada), query=query)

    assert answer.status == 400
    faults = json.loads(answer.read())["errors"]
    assert [fault["pointer"] for fault in faults] == [pointer]


def test_the_rest_of_the_api_is_elsewhere(ask, ada):
    token = token_of(ada)

    assert problem(ask(INBOX, token, method="POST")) == (405, "method_not_allowed")
    assert problem(ask("/orders", token)) == (404, "not_found")
    assert problem(ask(INBOX, token, Accept="text/html")) == (406, "not_acceptable")
    many = {str(number): "" for number in range(1500)}
    assert problem(ask(INBOX, token, query=many)) == (400, "bad_request")


def test_the_site_sends_apps_to_the_streams(api, ada, settings):
    order, stranger = place(ada), UserFactory.create()
    ours = api.sign_in(ada, Scope.CUSTOMER)
    lost = ours.get(stream_of(order), {"wait": 5})
    assert (lost.status_code, lost.json()["code"]) == (503, "streams_elsewhere")

    settings.STREAMS_URL = "http://streams.example:8001"
    sent = ours.get(stream_of(order), {"wait": 5}, Accept="text/event-stream")

    assert (sent.status_code, sent.content) == (307, b"")
    assert sent["Location"] == (
        f"http://streams.example:8001/api/v1{stream_of(order)}?wait=5"
    )
    assert ours.get(INBOX).status_code == 307
    assert ours.get(BOARD).status_code == 403
    assert ours.get(INBOX, {"wait": 0}).status_code == 400
    assert api.get(INBOX).status_code == 401
    assert api.sign_in(stranger).get(stream_of(order)).status_code == 404


def test_the_root_tells_where_everything_is(api, settings):
    settings.STREAMS_URL = "http://streams.example:8001"

    told = api.get("/").json()

    assert told["streams_url"] == "http://streams.example:8001/api/v1"
    assert told["schema_url"] == f"{settings.SITE_URL}/api/v1/schema"
    assert told["web_push_key"] is None


def test_a_session_that_ended_hears_no_more_of_the_api(ask, ada):
    client = Client()
    client.force_login(ada)
    stream = ask(INBOX, Cookie=f"sessionid={client.cookies['sessionid'].value}")
    next_event(stream)

    client.logout()
    NotificationFactory.create(recipient=ada)

    assert parts(next_event(stream))[1:] == ("end", {"reason": "reconnect"})


def test_a_wrong_token_hears_nothing_even_beside_a_session(ask, ada):
    client = Client()
    client.force_login(ada)
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    assert problem(ask(INBOX, "guess", Cookie=cookie)) == (401, "not_authenticated")


def test_who_leaves_a_restaurant_hears_no_more_of_its_board(ask, settings):
    settings.NOTIFICATIONS_LIVE = True
    mine, left = RestaurantFactory.create(), RestaurantFactory.create()
    owner = own(mine)
    membership = MembershipFactory.create(user=owner, restaurant=left)
    stream = ask(BOARD, token_of(owner))
    next_event(stream)

    membership.delete()
    ring_board(left.pk)

    assert parts(next_event(stream))[1:] == ("end", {"reason": "reconnect"})


def test_one_user_listens_so_often_at_once(ask, ada, server):
    token, other = token_of(ada), token_of(UserFactory.create())
    line = HTTPConnection("127.0.0.1", server, timeout=10)
    headers = {"Authorization": f"Bearer {token}"}
    line.request("GET", f"/api/v1{INBOX}", headers=headers)
    stream = line.getresponse()
    for _ in range(MOST_STREAMS - 1):
        ask(INBOX, token)

    refused = ask(INBOX, token)

    assert int(refused.headers["Retry-After"]) > 0
    assert problem(refused) == (429, "throttled")
    assert ask(INBOX, other).status == 200
    stream.close()
    line.close()
    wait_for(lambda: ask(INBOX, token).status == 200)


def test_a_charset_is_nobodys_end(ask, ada):
    answer = ask(INBOX, token_of(ada), Content_Type="text/plain; charset=base64")

    assert answer.status == 200
