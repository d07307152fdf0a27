"""People's preferences, inbox and devices, over the API."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from push_notifications.models import APNSDevice, GCMDevice, WebPushDevice

from notifications.models import Notification, Preference, RecipientSettings
from notifications.opaque import opaque_id
from notifications.selectors import count_unread
from notifications.services.inbox import archive
from notifications.tests.factories import (
    GCMDeviceFactory,
    NotificationFactory,
    RecipientFactory,
)
from notifications.tests.topics import ORDERS, SECURITY
from notifications.vapid import to_base64url

pytestmark = pytest.mark.django_db
PREFERENCES = "/me/preferences"
INBOX = "/me/inbox"
FCM = "/me/devices/fcm"
APNS = "/me/devices/apns"
WEBPUSH = "/me/devices/webpush"


@pytest.fixture
def grace():
    return RecipientFactory.create()


@pytest.fixture
def app(api, grace):
    return api.sign_in(grace)


def path_of(notification, act):
    return f"{INBOX}/{opaque_id('notification', notification.pk)}/{act}"


def codes_of(answer):
    """Return the codes of an answer's faults, or its own without any."""
    problem = answer.json()
    return [it["code"] for it in problem.get("errors", [])] or [problem["code"]]


OWN = [
    *(("GET", PREFERENCES), ("PATCH", PREFERENCES), ("GET", INBOX)),
    *(("POST", f"{INBOX}/read-all"), ("POST", f"{INBOX}/{UUID(int=7)}/read")),
    *(("GET", FCM), ("GET", APNS), ("GET", WEBPUSH), ("POST", WEBPUSH)),
    ("DELETE", f"{FCM}/{UUID(int=7)}"),
]


@pytest.mark.parametrize(("method", "path"), OWN)
def test_everything_is_for_customers_who_signed_in(api, grace, method, path):
    nobody = api.ask(method, path, body={})
    tablet = api.sign_in(grace, "restaurant").ask(method, path, body={})

    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")
    assert (tablet.status_code, tablet.json()["code"]) == (403, "permission_denied")


def test_a_session_needs_the_csrf_token(grace):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(grace)

    answer = browser.post("/api/v1/me/inbox/read-all")

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_preferences_are_the_pages_table(app, grace):
    Preference.objects.create(
        user=grace, category="test_orders", channel="email", is_enabled=False
    )

    body = app.get(PREFERENCES).json()

    rows = {row["category"]: row for row in body["preferences"]}
    assert rows["test_orders"]["label"] == "Orders"
    assert rows["test_orders"]["kind"] == "transactional"
    channels = {it["channel"]: it for it in rows["test_orders"]["channels"]}
    assert channels["email"] == {"channel": "email", "is_on": False, "is_fixed": False}
    assert all(it["is_fixed"] for it in rows["test_security"]["channels"])
    assert body["quiet_hours"] == {"starts_at": None, "ends_at": None}
    assert body["do_not_disturb_until"] is None
    assert body["time_zone"] == "America/New_York"


def test_all_that_is_named_changes_and_nothing_else(app, grace):
    until = (timezone.now() + timedelta(hours=2)).replace(microsecond=0)
    wish = {"category": "test_orders", "channel": "email", "is_on": False}
    app.patch(PREFERENCES, {"quiet_hours": {"starts_at": "22:00", "ends_at": "07:00"}})

    answer = app.patch(
        PREFERENCES, {"preferences": [wish], "do_not_disturb_until": until.isoformat()}
    )

    assert answer.status_code == 200
    body = answer.json()
    assert body["quiet_hours"] == {"starts_at": "22:00", "ends_at": "07:00"}
    assert body["do_not_disturb_until"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    assert RecipientSettings.objects.get().do_not_disturb_until == until
    assert [it.is_enabled for it in Preference.objects.all()] == [False]


WISH = {"category": ORDERS.name, "channel": "email", "is_on": False}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"preferences": [WISH | {"category": "no_such"}]}, 422, "unknown_category"),
        ({"preferences": [WISH | {"channel": "sms"}]}, 422, "unknown_category"),
        ({"preferences": [WISH | {"channel": "fax"}]}, 400, "invalid_choice"),
        ({"preferences": [WISH | {"category": SECURITY.name}]}, 422, "always_on"),
        ({"preferences": [WISH | {"is_on": "no"}]}, 400, "invalid"),
        ({"preferences": WISH}, 400, "not_a_list"),
        ({"quiet_hours": {"starts_at": "22:00", "ends_at": None}}, 422, "quiet_hours"),
        (
            {"quiet_hours": {"starts_at": "07:00", "ends_at": "07:00"}},
            422,
            "quiet_hours",
        ),
        ({"quiet_hours": {"starts_at": "22:00"}}, 400, "required"),
        ({"quiet_hours": {"starts_at": 22, "ends_at": "7"}}, 400, "invalid"),
        ({"do_not_disturb_until": "2999-01-01T00:00:00Z"}, 422, "do_not_disturb"),
        ({"do_not_disturb_until": "tomorrow"}, 400, "invalid"),
        ({"do_not_distrub_until": None}, 400, "unknown_field"),
    ],
)
def test_what_is_wrong_has_a_code_and_changes_nothing(app, body, status, code):
    answer = app.patch(PREFERENCES, {"preferences": [WISH]} | body)

    assert answer.status_code == status
    assert set(codes_of(answer)) == {code}
    assert not Preference.objects.exists()
    assert not RecipientSettings.objects.exists()


def test_the_inbox_pages_by_cursor_and_counts(app, grace):
    made = NotificationFactory.create_batch(21, recipient=grace)
    NotificationFactory.create()
    archive(notification=made.pop(3))
    made.append(NotificationFactory.create(recipient=grace, wording__url="/orders/7/"))

    first = app.get(INBOX).json()
    rest = app.get(INBOX, {"cursor": first["next"], "limit": 100}).json()

    shown = [it["id"] for it in [*first["results"], *rest["results"]]]
    assert shown == [str(opaque_id("notification", it.pk)) for it in made[::-1]]
    assert first["unread"] == 21
    assert rest["next"] is None
    assert first["results"][0]["title"] == "The kitchen has news"
    assert first["results"][0]["url"] == "/orders/7/"


@pytest.mark.parametrize("count", [1, 5])
def test_the_inbox_asks_as_little_for_many(
    app, grace, count, django_assert_num_queries
):
    NotificationFactory.create_batch(count, recipient=grace)

    with django_assert_num_queries(3):
        assert len(app.get(INBOX).json()["results"]) == count


def test_the_inbox_names_what_to_open(app, grace):
    about = {"kind": "order", "id": str(uuid4())}
    NotificationFactory.create(recipient=grace)
    NotificationFactory.create(recipient=grace, event__context={"subject": about})

    newest, older = app.get(INBOX).json()["results"]

    assert (newest["topic"], newest["subject"]) == ("test_news", about)
    assert (older["topic"], older["subject"]) == ("test_news", None)


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 6000, "²", str(UUID(int=7))])
def test_a_broken_cursor_is_refused(app, cursor):
    answer = app.get(INBOX, {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "x", ""])
def test_a_page_has_its_bounds(app, limit):
    answer = app.get(INBOX, {"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/limit"


def test_a_notification_is_read_unread_and_archived(app, grace):
    notification = NotificationFactory.create(recipient=grace)

    answers = [
        app.post(path_of(notification, act)).json()
        for act in ["read", "unread", "archive", "archive"]
    ]

    assert [it["unread"] for it in answers] == [0, 1, 0, 0]
    assert [bool(it["read_at"]) for it in answers] == [True, False, True, True]
    assert [bool(it["archived_at"]) for it in answers] == [False, False, True, True]
    assert app.get(INBOX).json()["results"] == []


def test_all_are_read_at_once(app, grace):
    NotificationFactory.create_batch(2, recipient=grace)
    foreign = NotificationFactory.create()

    answer = app.post(f"{INBOX}/read-all")

    assert answer.json() == {"unread": 0}
    assert count_unread(recipient_pk=foreign.recipient_id) == 1


@pytest.mark.parametrize("act", ["read", "unread", "archive"])
def test_anothers_notification_does_not_exist(app, act):
    foreign = NotificationFactory.create()
    before = Notification.objects.values().get()

    for path in (path_of(foreign, act), f"{INBOX}/{uuid4()}/{act}"):
        answer = app.post(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Notification.objects.values().get() == before


def test_a_phone_is_registered_listed_and_removed(app, grace):
    GCMDeviceFactory.create()
    GCMDeviceFactory.create(user=grace, active=False)

    made = app.post(FCM, {"registration_id": "token", "name": "Pixel"})

    assert made.status_code == 201
    [listed] = app.get(FCM).json()["results"]
    assert listed == made.json()
    assert (listed["registration_id"], listed["name"]) == ("token", "Pixel")
    device = GCMDevice.objects.get(registration_id="token")
    assert (device.user_id, device.active) == (grace.pk, True)

    assert app.delete(f"{FCM}/{listed['id']}").status_code == 204
    assert app.delete(f"{FCM}/{listed['id']}").status_code == 404
    assert app.get(FCM).json()["results"] == []


@pytest.mark.parametrize("count", [1, 5])
def test_listing_phones_asks_as_little_for_many(
    app, grace, count, django_assert_num_queries
):
    GCMDeviceFactory.create_batch(count, user=grace)

    with django_assert_num_queries(2):
        assert len(app.get(FCM).json()["results"]) == count


def test_a_token_that_is_known_moves_and_lives_again(app, grace, time_machine):
    device = GCMDeviceFactory.create(registration_id="token", active=False)
    time_machine.move_to(timezone.now() + timedelta(minutes=10), tick=False)

    answer = app.post(FCM, {"registration_id": "token"})

    assert answer.status_code == 200
    device.refresh_from_db()
    assert (device.user_id, device.active) == (grace.pk, True)
    assert device.date_created == timezone.now()


@pytest.mark.parametrize("field", ["id", "active", "user"])
def test_nobody_chooses_the_row_that_is_written(app, field):
    foreign = GCMDeviceFactory.create(registration_id="theirs")

    answer = app.post(FCM, {"registration_id": "mine", field: foreign.pk})

    assert codes_of(answer) == ["unknown_field"]
    assert GCMDevice.objects.values_list("registration_id", flat=True).get() == "theirs"


def test_an_iphone_is_registered(app, grace):
    answer = app.post(APNS, {"registration_id": "ab" * 32})

    assert answer.status_code == 201
    assert APNSDevice.objects.get().user_id == grace.pk
    refused = app.post(APNS, {"registration_id": "no hex"})
    assert (refused.status_code, codes_of(refused)) == (400, ["invalid"])


@pytest.mark.parametrize("kind", ["fcm", "apns"])
def test_anothers_device_does_not_exist(app, kind):
    foreign = GCMDeviceFactory.create()

    for own in ("fcm", "apns", "webpush"):
        device_id = opaque_id(f"device {own}", foreign.pk)
        assert app.delete(f"/me/devices/{kind}/{device_id}").status_code == 404
    assert GCMDevice.objects.filter(pk=foreign.pk).exists()


@pytest.mark.parametrize(
    "token",
    ["", "a\0b", 7, None, ["token"], {"$ne": ""}, "x" * 20_000, "💥" * 900, "\ud800"],
)
def test_an_odd_token_is_refused(app, token):
    for url in (FCM, APNS, WEBPUSH):
        answer = app.post(url, {"registration_id": token})
        assert answer.status_code in {400, 422}


def test_a_long_token_is_taken(app):
    token = "".join(f"{number:x}" for number in range(600))

    assert app.post(FCM, {"registration_id": token}).status_code == 201


def browser(url):
    return {
        "registration_id": url,
        "p256dh": to_base64url(b"\4" + b"p" * 64),
        "auth": to_base64url(b"s" * 16),
        "browser": "firefox",
    }


def test_a_browser_is_registered(app, grace):
    url = "https://[2606:4700:4700::1111]/push/abc"

    answer = app.post(WEBPUSH, browser(url))

    assert answer.status_code == 201, answer.json()
    device = WebPushDevice.objects.get()
    assert (device.user_id, device.registration_id) == (grace.pk, url)
    assert device.auth not in json.dumps(answer.json())


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example/abc",
        "https://127.0.0.1/abc",
        "https://[::1]/abc",
        "https://10.0.0.8/abc",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/abc",
        "ftp://push.example/abc",
        "nonsense",
    ],
)
def test_a_browser_cannot_point_inside(app, url):
    answer = app.post(WEBPUSH, browser(url))

    assert (answer.status_code, answer.json()["code"]) == (422, "endpoint")
    assert not WebPushDevice.objects.exists()


@pytest.mark.parametrize("field", ["p256dh", "auth"])
def test_a_browsers_keys_must_be_keys(app, field):
    sent = browser("https://[2606:4700:4700::1111]/push/abc") | {field: "c2hvcnQ"}

    answer = app.post(WEBPUSH, sent)

    assert answer.status_code == 400
    assert [it["pointer"] for it in answer.json()["errors"]] == [f"/{field}"]
