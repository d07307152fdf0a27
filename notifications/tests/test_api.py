import base64
import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from push_notifications.models import APNSDevice, GCMDevice, WebPushDevice

from notifications.models import (
    Event,
    Notification,
    Preference,
    RecipientSettings,
    ServiceToken,
)
from notifications.selectors import count_unread
from notifications.services.inbox import archive
from notifications.services.tokens import issue_service_token, revoke_service_tokens
from notifications.tests.factories import (
    GCMDeviceFactory,
    NotificationFactory,
    RecipientFactory,
)
from notifications.tests.topics import ORDERS, SECURITY, TEST_NEWS

pytestmark = pytest.mark.django_db
API = "/api/v1/notifications/"
PREFERENCES = f"{API}preferences/"
INBOX = f"{API}inbox/"
EVENTS = f"{API}events/"
FCM = f"{API}devices/fcm/"
APNS = f"{API}devices/apns/"
WEBPUSH = f"{API}devices/webpush/"


@pytest.fixture
def grace(client):
    person = RecipientFactory.create()
    client.force_login(person)
    return person


def patch(client, body):
    return client.patch(PREFERENCES, body, content_type="application/json")


def post(client, url, body=None, **options):
    return client.post(url, body or {}, content_type="application/json", **options)


@pytest.mark.parametrize(
    "url", [PREFERENCES, INBOX, FCM, APNS, WEBPUSH, f"{INBOX}read-all/"]
)
def test_everything_is_for_who_signed_in(client, url):
    answer = client.get(url)

    assert answer.status_code in {401, 403}
    assert answer.json()["code"] == "not_authenticated"


def test_a_session_needs_the_csrf_token(grace):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(grace)

    answer = post(browser, f"{INBOX}read-all/")

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_preferences_are_the_pages_table(client, grace):
    Preference.objects.create(
        user=grace, category="test_orders", channel="email", is_enabled=False
    )

    body = client.get(PREFERENCES).json()

    rows = {row["category"]: row for row in body["preferences"]}
    assert rows["test_orders"]["label"] == "Orders"
    assert rows["test_orders"]["kind"] == "transactional"
    channels = {it["channel"]: it for it in rows["test_orders"]["channels"]}
    assert channels["email"] == {"channel": "email", "is_on": False, "is_fixed": False}
    assert all(it["is_fixed"] for it in rows["test_security"]["channels"])
    assert body["quiet_hours"] == {"starts_at": None, "ends_at": None}
    assert body["do_not_disturb_until"] is None


def test_all_that_is_named_changes_and_nothing_else(client, grace):
    until = timezone.now() + timedelta(hours=2)
    wish = {"category": "test_orders", "channel": "email", "is_on": False}
    patch(client, {"quiet_hours": {"starts_at": "22:00", "ends_at": "07:00"}})

    answer = patch(
        client, {"preferences": [wish], "do_not_disturb_until": until.isoformat()}
    )

    assert answer.status_code == 200
    body = answer.json()
    assert body["quiet_hours"] == {"starts_at": "22:00:00", "ends_at": "07:00:00"}
    assert RecipientSettings.objects.get().do_not_disturb_until == until
    assert [it.is_enabled for it in Preference.objects.all()] == [False]


WISH = {"category": ORDERS.name, "channel": "email", "is_on": False}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"preferences": [WISH | {"category": "no_such"}]}, "unknown_category"),
        ({"preferences": [WISH | {"channel": "sms"}]}, "unknown_category"),
        ({"preferences": [WISH | {"channel": "fax"}]}, "invalid_choice"),
        ({"preferences": [WISH | {"category": SECURITY.name}]}, "always_on"),
        ({"preferences": [WISH | {"is_on": "no"}]}, "invalid"),
        ({"preferences": WISH}, "not_a_list"),
        ({"quiet_hours": {"starts_at": "22:00", "ends_at": None}}, "quiet_hours"),
        ({"quiet_hours": {"starts_at": "07:00", "ends_at": "07:00"}}, "quiet_hours"),
        ({"quiet_hours": {"starts_at": "22:00"}}, "required"),
        ({"do_not_disturb_until": "2999-01-01T00:00:00Z"}, "do_not_disturb"),
        ({"do_not_disturb_until": "tomorrow"}, "invalid"),
        ({"do_not_distrub_until": None}, "unknown_field"),
        ([], "invalid"),
    ],
)
def test_what_is_wrong_has_a_code_and_changes_nothing(client, grace, body, code):
    if isinstance(body, dict) and "preferences" not in body:
        body = body | {"preferences": [WISH]}

    answer = patch(client, body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Preference.objects.exists()
    assert not RecipientSettings.objects.exists()


def test_the_inbox_pages_by_cursor_and_counts(client, grace):
    made = NotificationFactory.create_batch(21, recipient=grace)
    NotificationFactory.create()
    archive(notification=made.pop(3))
    made.append(NotificationFactory.create(recipient=grace, wording__url="/orders/7/"))

    first = client.get(INBOX).json()
    rest = client.get(INBOX, {"cursor": first["next"]}).json()

    shown = [it["id"] for it in [*first["results"], *rest["results"]]]
    assert shown == [str(it.pk) for it in made[::-1]]
    assert first["unread"] == 21
    assert rest["next"] is None
    assert first["results"][0]["title"] == "The kitchen has news"
    assert first["results"][0]["url"] == "/orders/7/"


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 19, "9" * 6000, "0" * 6000, "²"])
def test_a_broken_cursor_is_refused(client, grace, cursor):
    answer = client.get(INBOX, {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_notification_is_read_unread_and_archived(client, grace):
    notification = NotificationFactory.create(recipient=grace)
    one = f"{INBOX}{notification.pk}/"

    counts = [
        post(client, f"{one}{act}/").json()["unread"]
        for act in ["read", "unread", "archive", "archive"]
    ]

    assert counts == [0, 1, 0, 0]
    assert client.get(INBOX).json()["results"] == []


def test_all_are_read_at_once(client, grace):
    NotificationFactory.create_batch(2, recipient=grace)
    foreign = NotificationFactory.create()

    answer = post(client, f"{INBOX}read-all/")

    assert answer.json() == {"unread": 0}
    assert count_unread(recipient_pk=foreign.recipient_id) == 1


@pytest.mark.parametrize("act", ["read", "unread", "archive"])
def test_anothers_notification_does_not_exist(client, grace, act):
    foreign = NotificationFactory.create()
    before = Notification.objects.values().get()

    answer = post(client, f"{INBOX}{foreign.pk}/{act}/")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Notification.objects.values().get() == before


def test_a_phone_is_registered_listed_and_removed(client, grace):
    GCMDeviceFactory.create()
    GCMDeviceFactory.create(user=grace, active=False)

    made = post(client, FCM, {"registration_id": "token", "name": "Pixel"})

    assert made.status_code == 201
    [listed] = client.get(FCM).json()
    assert listed == made.json()
    assert (listed["registration_id"], listed["name"]) == ("token", "Pixel")
    device = GCMDevice.objects.get(registration_id="token")
    assert (device.user_id, device.active) == (grace.pk, True)

    assert client.delete(f"{FCM}{device.pk}/").status_code == 204
    assert client.get(FCM).json() == []


def test_a_token_that_is_known_moves_and_lives_again(client, grace, time_machine):
    device = GCMDeviceFactory.create(registration_id="token", active=False)
    time_machine.move_to(timezone.now() + timedelta(days=30), tick=False)

    answer = post(client, FCM, {"registration_id": "token"})

    assert answer.status_code == 200
    device.refresh_from_db()
    assert (device.user_id, device.active) == (grace.pk, True)
    assert device.date_created == timezone.now()


def test_nobody_chooses_the_row_that_is_written(client, grace):
    foreign = GCMDeviceFactory.create(registration_id="theirs")

    post(client, FCM, {"registration_id": "mine", "id": foreign.pk, "active": False})

    foreign.refresh_from_db()
    assert foreign.registration_id == "theirs"
    assert foreign.user_id != grace.pk
    assert GCMDevice.objects.get(user=grace).active


def test_an_iphone_is_registered(client, grace):
    answer = post(client, APNS, {"registration_id": "ab" * 32})

    assert answer.status_code == 201
    assert APNSDevice.objects.get().user_id == grace.pk
    refused = post(client, APNS, {"registration_id": "no hex"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("kind", ["fcm", "apns"])
def test_anothers_device_does_not_exist(client, grace, method, kind):
    foreign = GCMDeviceFactory.create()

    answer = getattr(client, method)(f"{API}devices/{kind}/{foreign.pk}/")

    assert answer.status_code == 404
    assert GCMDevice.objects.filter(pk=foreign.pk).exists()


@pytest.mark.parametrize(
    "token", ["", "a\0b", 7, None, ["token"], {"$ne": ""}, "x" * 20_000]
)
def test_an_odd_token_is_no_failure(client, grace, token):
    for url in (FCM, APNS, WEBPUSH):
        assert post(client, url, {"registration_id": token}).status_code < 500


def browser(url):
    point = base64.urlsafe_b64encode(b"\4" + b"p" * 64).rstrip(b"=").decode()
    secret = base64.urlsafe_b64encode(b"s" * 16).rstrip(b"=").decode()
    return {
        "registration_id": url,
        "p256dh": point,
        "auth": secret,
        "browser": "FIREFOX",
    }


def test_a_browser_is_registered(client, grace):
    url = "https://[2606:4700:4700::1111]/push/abc"

    answer = post(client, WEBPUSH, browser(url))

    assert answer.status_code == 201, answer.json()
    device = WebPushDevice.objects.get()
    assert (device.user_id, device.registration_id) == (grace.pk, url)


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
def test_a_browser_cannot_point_inside(client, grace, url):
    answer = post(client, WEBPUSH, browser(url))

    assert (answer.status_code, answer.json()["code"]) == (400, "endpoint")
    assert not WebPushDevice.objects.exists()


@pytest.mark.parametrize("field", ["p256dh", "auth"])
def test_a_browsers_keys_must_be_keys(client, grace, field):
    sent = browser("https://[2606:4700:4700::1111]/push/abc") | {field: "c2hvcnQ"}

    answer = post(client, WEBPUSH, sent)

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


# Other systems.


@pytest.fixture
def service():
    """Return a client of a system that may publish."""
    secret = issue_service_token(name="billing")[1]
    return Client(
        enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"}
    )


def event(**changes):
    body = {
        "topic": TEST_NEWS.name,
        "recipients": [RecipientFactory.create().pk],
        "key": "invoice:1",
        "context": {"name": "Luigi"},
    }
    return {k: v for k, v in (body | changes).items() if v is not ...}


def test_an_event_is_published_once(service):
    body = event()

    first, again = post(service, EVENTS, body), post(service, EVENTS, body)

    made = Event.objects.get()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"id": made.pk, "recipients": 1}
    assert (made.topic, made.key) == ("test_news", "service:billing:invoice:1")
    assert made.context == {"name": "Luigi"}
    assert [chunk.recipient_ids for chunk in made.chunks.all()] == [body["recipients"]]
    assert ServiceToken.objects.get().last_used_at is not None


def test_ten_thousand_recipients_are_one_event(service):
    answer = post(service, EVENTS, event(recipients=list(range(1, 10_001))))

    assert answer.json()["recipients"] == 10_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"topic": "no_such"}, "unknown_topic"),
        ({"topic": 7}, "invalid"),
        ({"topic": ...}, "required"),
        ({"recipients": []}, "empty"),
        ({"recipients": 7}, "not_a_list"),
        ({"recipients": ["7"]}, "invalid"),
        ({"recipients": [True]}, "invalid"),
        ({"recipients": [0]}, "min_value"),
        ({"recipients": [2**63]}, "max_value"),
        ({"recipients": list(range(1, 10_002))}, "max_length"),
        ({"key": ""}, "blank"),
        ({"key": "x" * 141}, "max_length"),
        ({"key": "a\0b"}, "null_characters_not_allowed"),
        ({"key": "\ud800"}, "surrogate_characters_not_allowed"),
        ({"context": "words"}, "not_a_dict"),
        ({"context": {"name": "a\0b"}}, "event"),
        ({"context": {"name": "\ud800"}}, "event"),
        ({"context": {"url": "https://evil.example/"}}, "invalid"),
        ({"context": {"url": "//evil.example/"}}, "invalid"),
        ({"priority": "critical"}, "unknown_field"),
    ],
)
def test_an_event_that_is_none_is_refused(service, changes, code):
    body = event(**changes)

    answer = post(service, EVENTS, json.dumps(body))

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", "7", '{"context": 1e400}', "[" * 100_000, '{"x": NaN}'],
)
def test_a_body_that_is_no_event_is_refused(service, body):
    answer = service.post(EVENTS, body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["code"]


def test_an_endless_number_is_refused(service):
    body = json.dumps(event(context={"x": 1})).replace('"x": 1', '"x": 1e400')

    assert post(service, EVENTS, body).json()["code"] == "event"


def test_a_body_without_end_is_refused(service):
    answer = post(service, EVENTS, event(context={"name": "x" * 1_000_001}))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer tiffin_guess", "Basic YTpi", "Bearer \xff"]
)
def test_a_wrong_token_is_refused(client, header):
    issue_service_token(name="billing")

    answer = post(client, EVENTS, event(), headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not Event.objects.exists()


def test_a_person_is_no_service(client, grace):
    assert post(client, EVENTS, event()).status_code == 401


def test_a_revoked_token_opens_nothing(service):
    revoke_service_tokens(token_pks=[ServiceToken.objects.get().pk])

    assert post(service, EVENTS, event()).status_code == 401


def test_two_systems_do_not_share_keys(service):
    other = issue_service_token(name="stock")[1]
    first = post(service, EVENTS, event())

    second = post(
        service, EVENTS, event(), headers={"Authorization": f"Bearer {other}"}
    )

    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


def test_operators_make_a_token_and_see_it_once(client):
    operator = get_user_model().objects.create_superuser(
        email="operator@example.com", password="correct-horse-battery"
    )
    client.force_login(operator)

    made = client.post(
        reverse("admin:notifications_servicetoken_add"), {"name": "billing"}
    )
    page = client.get(made.headers["Location"]).content.decode()
    again = client.get(made.headers["Location"]).content.decode()

    token = ServiceToken.objects.get()
    secret = page[page.index("tiffin_") :].split()[0].split("<")[0]
    answer = post(
        Client(), EVENTS, event(), headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 201
    assert secret not in again
    assert token.digest not in page
    client.post(
        reverse("admin:notifications_servicetoken_changelist"),
        {"action": "revoke", "_selected_action": [token.pk]},
    )
    token.refresh_from_db()
    assert token.revoked_at
