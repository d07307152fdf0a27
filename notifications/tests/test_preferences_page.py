from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Channel, Preference, RecipientSettings
from notifications.quiet_hours import next_morning, zone_of
from notifications.selectors import (
    count_unread,
    get_preferences,
    get_rest,
    list_devices_for_user,
    list_suppressions_for_user,
)
from notifications.services.inbox import archive, mark_unread
from notifications.services.suppression import suppress
from notifications.tests.factories import (
    APNSDeviceFactory,
    GCMDeviceFactory,
    NotificationFactory,
    PreferenceFactory,
    RecipientFactory,
    RecipientSettingsFactory,
)
from notifications.tests.topics import OFFERS, ORDERS, SECURITY

pytestmark = pytest.mark.django_db
PAGE = reverse("notifications:preferences")
DND = reverse("notifications:do-not-disturb")


@pytest.fixture
def grace(client):
    person = RecipientFactory.create(phone="+14155550123")
    client.force_login(person)
    return person


def everything_on(user_pk):
    """Return a form that is sent as it was shown."""
    return {
        f"{row.category.name}-{choice.channel}": "on"
        for row in get_preferences(user_pk)
        for choice in row.choices
        if choice.is_on and not choice.is_fixed
    }


def remove_page(kind, device):
    return reverse("notifications:device-remove", args=[kind, device.pk])


def test_a_category_says_by_which_channels_it_comes():
    person = RecipientFactory.create()
    PreferenceFactory.create(user=person, channel="email", is_enabled=False)

    rows = {row.category.name: row.choices for row in get_preferences(person.pk)}

    orders = {choice.channel: choice for choice in rows[ORDERS.name]}
    assert (orders[Channel.IN_APP].is_on, orders[Channel.EMAIL].is_on) == (True, False)
    [alarm] = [it for it in rows[SECURITY.name] if it.channel == Channel.EMAIL]
    assert (alarm.is_on, alarm.is_fixed) == (True, True)


def test_what_is_always_sent_is_shown_as_on_whatever_was_said():
    person = RecipientFactory.create()
    PreferenceFactory.create(
        user=person, category="test_security", channel="email", is_enabled=False
    )

    rows = {row.category.name: row.choices for row in get_preferences(person.pk)}

    assert all(choice.is_on for choice in rows[SECURITY.name])


def test_all_that_the_page_shows_is_five_queries(django_assert_num_queries, grace):
    GCMDeviceFactory.create_batch(2, user=grace)
    APNSDeviceFactory.create(user=grace)

    with django_assert_num_queries(5):
        get_preferences(grace.pk)
        get_rest(grace.pk)
        list_devices_for_user(grace.pk)
        list_suppressions_for_user(email=grace.email, phone=str(grace.phone))


def test_the_page_asks_as_much_with_many_devices_as_with_none(client, grace):
    with CaptureQueriesContext(connection) as first:
        client.get(PAGE)
    GCMDeviceFactory.create_batch(5, user=grace)

    with CaptureQueriesContext(connection) as second:
        client.get(PAGE)

    assert len(first) == len(second)


def test_every_checkbox_has_a_name_of_its_own(client, grace):
    page = client.get(PAGE).content.decode()

    assert f"{ORDERS.label} by email" in page
    assert f"{OFFERS.label} in the inbox" in page
    assert 'scope="row"' in page
    assert 'scope="col"' in page


def test_what_is_always_sent_cannot_be_unticked(client, grace):
    page = client.get(PAGE).content.decode()
    box = page[page.index('name="test_security-email"') - 60 :][:200]

    client.post(PAGE, everything_on(grace.pk))

    assert "disabled" in box
    assert not Preference.objects.exists()


def test_saving_what_is_shown_changes_nothing(client, grace):
    answer = client.post(PAGE, everything_on(grace.pk))

    assert answer.headers["Location"] == PAGE
    assert not Preference.objects.exists()


def test_unticking_turns_one_channel_off(client, grace):
    sent = everything_on(grace.pk)
    del sent["test_orders-email"]

    client.post(PAGE, sent)

    [wish] = Preference.objects.all()
    assert (wish.user_id, wish.category, wish.channel, wish.is_enabled) == (
        grace.pk,
        "test_orders",
        "email",
        False,
    )


def test_quiet_hours_are_set_and_taken_back(client, grace):
    sent = everything_on(grace.pk)
    client.post(PAGE, {**sent, "quiet_from": "22:00", "quiet_until": "07:30"})
    rest = RecipientSettings.objects.get(user=grace)
    assert (rest.quiet_from, rest.quiet_until) == (time(22), time(7, 30))
    assert 'value="22:00"' in client.get(PAGE).content.decode()

    client.post(PAGE, {**sent, "quiet_from": "", "quiet_until": ""})

    rest.refresh_from_db()
    assert (rest.quiet_from, rest.quiet_until) == (None, None)


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "field", "said"),
    [
        ("22:00", "", "quiet_until", "Give both times"),
        ("", "07:00", "quiet_from", "Give both times"),
        ("07:00", "07:00", "quiet_until", "must differ"),
        ("25:00", "07:00", "quiet_from", "valid time"),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_is_saved(
    client, grace, quiet_from, quiet_until, field, said
):
    answer = client.post(PAGE, {"quiet_from": quiet_from, "quiet_until": quiet_until})

    assert said in str(answer.context["form"].errors[field])
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert f'aria-describedby="id_{field}_error"' in answer.content.decode()
    assert not RecipientSettings.objects.exists()
    assert not Preference.objects.exists()


def test_do_not_disturb_for_an_hour_and_off_again(client, grace, time_machine):
    time_machine.move_to("2026-06-01T12:00:00Z", tick=False)

    client.post(DND, {"for": "hour"})
    rest = RecipientSettings.objects.get(user=grace)
    assert rest.do_not_disturb_until == timezone.now() + timedelta(hours=1)
    # New York's clocks.
    assert "Monday 09:00" in client.get(PAGE).content.decode()

    client.post(DND, {"for": "off"})
    rest.refresh_from_db()
    assert rest.do_not_disturb_until is None


def test_do_not_disturb_until_the_morning_is_the_persons_own(
    client, grace, time_machine
):
    # In New York it is the evening of the 31st of May.
    time_machine.move_to("2026-06-01T02:00:00Z", tick=False)

    client.post(DND, {"for": "tomorrow"})

    rest = RecipientSettings.objects.get(user=grace)
    assert rest.do_not_disturb_until == datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "morning"),
    [
        # The clocks change in the night.
        ("2026-03-08T03:00:00+00:00", "America/New_York", "2026-03-08T12:00:00+00:00"),
        ("2026-10-31T20:00:00+00:00", "America/New_York", "2026-11-01T13:00:00+00:00"),
        ("2026-06-01T12:00:00+00:00", "Asia/Kathmandu", "2026-06-02T02:15:00+00:00"),
    ],
)
def test_the_next_morning_is_eight_on_the_clocks_there(moment, zone, morning):
    found = next_morning(datetime.fromisoformat(moment), zone_of(zone), time(8))

    assert found == datetime.fromisoformat(morning)


def test_do_not_disturb_for_anything_else_is_refused(client, grace):
    assert client.post(DND, {"for": "ever"}).status_code == 400
    assert not RecipientSettings.objects.exists()


def test_do_not_disturb_that_is_over_is_not_shown(client, grace):
    RecipientSettingsFactory.create(user=grace, do_not_disturb_until=timezone.now())

    assert client.get(PAGE).context["do_not_disturb_until"] is None


def test_devices_are_listed_and_removed(client, grace):
    phone = GCMDeviceFactory.create(user=grace, name="Grace's Pixel")
    APNSDeviceFactory.create(user=grace, active=False)
    page = client.get(PAGE)
    assert [it.label for it in page.context["devices"]] == ["Grace's Pixel"]
    asked = client.get(remove_page("fcm", phone))
    assert "Grace&#x27;s Pixel" in asked.content.decode()

    answer = client.post(remove_page("fcm", phone))

    assert answer.headers["Location"] == PAGE
    assert list_devices_for_user(grace.pk) == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_device_does_not_exist(client, grace, method):
    foreign = GCMDeviceFactory.create()

    answer = getattr(client, method)(remove_page("fcm", foreign))

    assert answer.status_code == 404
    assert list_devices_for_user(foreign.user_id) != []


def test_a_device_of_no_kind_does_not_exist(client, grace):
    phone = GCMDeviceFactory.create(user=grace)

    assert client.get(remove_page("pager", phone)).status_code == 404


def test_own_addresses_on_the_suppression_list_are_told(client, grace, settings):
    settings.NOTIFICATIONS = {"TWILIO": {"sender": "+14155550199"}}
    suppress(channel="email", address=grace.email, reason="bounce")
    suppress(channel="sms", address="+14155550123", reason="stop")
    suppress(channel="email", address="other@example.com", reason="bounce")

    page = client.get(PAGE).content.decode()

    assert f"Mail to {grace.email} came back" in page
    assert "Text START to +14155550199" in page
    assert "other@example.com" not in page


def test_the_page_is_for_who_signed_in(client, settings):
    settings.LOGIN_URL = "/sign-in/"

    for url in (PAGE, DND):
        answer = client.post(url)
        assert answer.headers["Location"].startswith("/sign-in/")


def test_a_notification_is_archived_and_leaves_the_inbox(client, grace):
    notification = NotificationFactory.create(recipient=grace)

    client.post(reverse("notifications:notification-archive", args=[notification.pk]))

    assert client.get(reverse("notifications:inbox")).context["notifications"] == []
    assert count_unread(recipient_pk=grace.pk) == 0


def test_a_notification_is_unread_again(client, grace):
    notification = NotificationFactory.create(recipient=grace, read_at=timezone.now())

    client.post(
        reverse("notifications:notification-mark-unread", args=[notification.pk])
    )

    notification.refresh_from_db()
    assert notification.read_at is None
    assert count_unread(recipient_pk=grace.pk) == 1


def test_what_is_archived_does_not_become_unread(grace):
    notification = NotificationFactory.create(recipient=grace)
    archive(notification=notification)

    mark_unread(notification=notification)

    assert count_unread(recipient_pk=grace.pk) == 0


@pytest.mark.parametrize("act", ["archive", "mark-unread"])
def test_anothers_notification_does_not_exist(client, grace, act):
    foreign = NotificationFactory.create(read_at=timezone.now())

    answer = client.post(
        reverse(f"notifications:notification-{act}", args=[foreign.pk])
    )

    assert answer.status_code == 404
    foreign.refresh_from_db()
    assert (foreign.archived_at, foreign.read_at is None) == (None, False)
