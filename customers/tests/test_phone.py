"""A phone is verified by the code that was texted to it, and by nothing else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.exceptions import (
    CodeExpiredError,
    CodeJustSentError,
    NoPhoneError,
    NoTextsError,
    TooManyAttemptsError,
    WrongCodeError,
)
from customers.models import PhoneCode, User
from customers.services import change_profile, send_phone_code, verify_phone
from customers.tests.factories import UserFactory
from notifications.models import Channel, Event, Message
from notifications.services.planning import plan_next_batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(settings) -> User:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TWILIO": {"sender": "+1"}}
    return UserFactory.create()


def newest_code(user: User) -> str:
    event = Event.objects.filter(topic="phone_code").order_by("-pk").first()
    assert event is not None
    return event.context["code"]


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def move(user: User, to: str) -> None:
    change_profile(user_pk=user.pk, name="Ada", phone=to, time_zone="UTC", locale="en")


def test_the_code_verifies_the_phone(client: Client, ada: User) -> None:
    client.force_login(ada)
    shown = client.get(reverse("customers:profile")).content.decode()

    page = client.post(reverse("customers:phone-send-code"), follow=True)
    code = newest_code(ada)
    client.post(reverse("customers:phone-verify"), {"code": f" {code[:3]} {code[3:]} "})

    ada.refresh_from_db()
    assert "Not verified" in shown
    assert 'autocomplete="one-time-code"' in page.content.decode()
    assert ada.phone_verified_at is not None
    assert not PhoneCode.objects.exists()
    assert "✓ Verified" in client.get(reverse("customers:profile")).content.decode()


def test_the_code_goes_by_text_alone_and_soon_or_never(ada: User) -> None:
    send_phone_code(user_pk=ada.pk)

    plan_next_batch(lane="critical")

    message = Message.objects.get()
    assert (message.channel, message.endpoint) == (Channel.SMS, "+14155550123")
    assert message.expires_at <= timezone.now() + timedelta(minutes=10)


def test_the_code_is_not_kept(ada: User) -> None:
    send_phone_code(user_pk=ada.pk)

    assert newest_code(ada) not in PhoneCode.objects.get().digest


def test_arabic_digits_are_digits(ada: User) -> None:
    send_phone_code(user_pk=ada.pk)
    eastern = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

    verify_phone(user_pk=ada.pk, code=newest_code(ada).translate(eastern))

    ada.refresh_from_db()
    assert ada.phone_verified_at is not None


def test_five_guesses_are_all_there_are(ada: User) -> None:
    send_phone_code(user_pk=ada.pk)
    code = newest_code(ada)
    for _ in range(4):
        with pytest.raises(WrongCodeError):
            verify_phone(user_pk=ada.pk, code=another(code))
    with pytest.raises(CodeExpiredError):
        verify_phone(user_pk=ada.pk, code=another(code))

    with pytest.raises(CodeExpiredError):
        verify_phone(user_pk=ada.pk, code=code)


def test_a_code_is_good_for_ten_minutes(ada: User) -> None:
    now = timezone.now()
    send_phone_code(user_pk=ada.pk, now=now)
    late = now + timedelta(minutes=10, seconds=1)

    with pytest.raises(CodeExpiredError):
        verify_phone(user_pk=ada.pk, code=newest_code(ada), now=late)


def test_a_new_code_takes_the_place_of_the_one_before(ada: User) -> None:
    now = timezone.now()
    send_phone_code(user_pk=ada.pk, now=now - timedelta(seconds=61))
    first = newest_code(ada)
    send_phone_code(user_pk=ada.pk, now=now)
    # One in a million is drawn again.
    while first == newest_code(ada):
        now += timedelta(seconds=61)
        send_phone_code(user_pk=ada.pk, now=now)

    with pytest.raises(WrongCodeError):
        verify_phone(user_pk=ada.pk, code=first)


def test_a_code_is_sent_again_after_a_minute(ada: User) -> None:
    now = timezone.now()
    send_phone_code(user_pk=ada.pk, now=now)

    with pytest.raises(CodeJustSentError):
        send_phone_code(user_pk=ada.pk, now=now + timedelta(seconds=59))


def test_three_codes_in_ten_minutes_go_to_one_number(limits, ada: User) -> None:
    other = UserFactory.create()
    now = timezone.now()
    for minute in (0, 2, 4):
        send_phone_code(user_pk=ada.pk, now=now + timedelta(minutes=minute))

    for user in (ada, other):
        with pytest.raises(TooManyAttemptsError):
            send_phone_code(user_pk=user.pk, now=now + timedelta(minutes=6))


def test_a_code_for_the_old_number_does_not_verify_the_new(ada: User) -> None:
    send_phone_code(user_pk=ada.pk)
    code = newest_code(ada)
    move(ada, "+14155550199")

    with pytest.raises(CodeExpiredError):
        verify_phone(user_pk=ada.pk, code=code)


def test_another_phone_is_not_verified(ada: User) -> None:
    User.objects.update(phone_verified_at=timezone.now())
    move(ada, str(ada.phone))
    ada.refresh_from_db()
    same = ada.phone_verified_at

    move(ada, "+14155550199")

    ada.refresh_from_db()
    assert same is not None
    assert ada.phone_verified_at is None


def test_anothers_code_verifies_nothing(ada: User) -> None:
    eve = UserFactory.create(phone="+14155550177")
    send_phone_code(user_pk=ada.pk)
    send_phone_code(user_pk=eve.pk)
    code = Event.objects.filter(topic="phone_code").order_by("pk")[0].context["code"]
    now = timezone.now()
    # One in a million is drawn again.
    while code == newest_code(eve):
        now += timedelta(seconds=61)
        send_phone_code(user_pk=eve.pk, now=now)

    with pytest.raises(WrongCodeError):
        verify_phone(user_pk=eve.pk, code=code)


def test_no_phone_and_no_carrier_are_said(ada: User, settings) -> None:
    silent = UserFactory.create(phone="")
    with pytest.raises(NoPhoneError):
        send_phone_code(user_pk=silent.pk)
    settings.NOTIFICATIONS = {}

    with pytest.raises(NoTextsError):
        send_phone_code(user_pk=ada.pk)


def test_a_wrong_code_is_said_beside_the_field(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.post(reverse("customers:phone-send-code"))

    page = client.post(reverse("customers:phone-verify"), {"code": "12"})

    assert list(page.context["form"].errors) == ["code"]
    assert 'aria-invalid="true"' in page.content.decode()
