"""What Twilio may tell, and nobody else."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import Message, Suppression
from notifications.providers.twilio import sign, token_of
from notifications.tests.envelopes import NUMBER
from notifications.tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
STATUS = Message.Status
SECRET = "12345"
INBOUND = "notifications:twilio-inbound"


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.SITE_URL = "https://tiffin.example"
    settings.NOTIFICATIONS = {"TWILIO": {"auth_token": SECRET}}


@pytest.fixture
def text() -> Message:
    return MessageFactory.create(
        channel="sms", provider="twilio", endpoint=NUMBER, status=STATUS.ACCEPTED
    )


def tell(path: str, form: dict[str, str], *, secret: str = SECRET) -> Any:
    url = f"https://tiffin.example{path}"
    signature = sign(secret, url, [(name, [value]) for name, value in form.items()])
    # As a stranger's browser would be, it is refused without a token of the form's.
    client = Client(enforce_csrf_checks=True)
    return client.post(path, form, headers={"x-twilio-signature": signature})


def status_path(message: Message) -> str:
    return reverse("notifications:twilio-status", args=[token_of(message.pk)])


def test_signature_is_twilios() -> None:
    """https://www.twilio.com/docs/usage/security has this example."""
    form = {
        "CallSid": ["CA1234567890ABCDE"],
        "Caller": ["+14158675309"],
        "Digits": ["1234"],
        "From": ["+14158675309"],
        "To": ["+18005551212"],
    }

    signature = sign(
        SECRET, "https://mycompany.com/myapp.php?foo=1&bar=2", form.items()
    )

    assert signature == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("told", "status", "reason"),
    [
        ({"MessageStatus": "queued"}, STATUS.ACCEPTED, ""),
        ({"MessageStatus": "sent"}, STATUS.ACCEPTED, ""),
        ({"MessageStatus": "delivered"}, STATUS.DELIVERED, ""),
        (
            {"MessageStatus": "undelivered", "ErrorCode": "30003"},
            STATUS.UNDELIVERED,
            "twilio_30003",
        ),
        ({"MessageStatus": "failed"}, STATUS.UNDELIVERED, "twilio_failed"),
    ],
)
def test_status_is_written_down(
    text: Message, told: dict[str, str], status: str, reason: str
) -> None:
    answer = tell(status_path(text), told)

    assert answer.status_code == 204
    text.refresh_from_db()
    assert (text.status, text.reason) == (status, reason)


def test_status_of_who_had_stopped_it_stops_it_here(text: Message) -> None:
    tell(
        status_path(text),
        {"MessageStatus": "failed", "ErrorCode": "21610", "To": NUMBER},
    )

    assert Suppression.objects.get().address == NUMBER


def test_stop_is_heard_and_answered_with_nothing() -> None:
    answer = tell(reverse(INBOUND), {"From": NUMBER, "Body": "Stop."})

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/xml"
    assert answer.content.endswith(b"<Response/>")
    assert Suppression.objects.get().reason == Suppression.Reason.STOP


def test_start_is_heard() -> None:
    tell(reverse(INBOUND), {"From": NUMBER, "Body": "stop"})
    tell(reverse(INBOUND), {"From": NUMBER, "Body": "start"})

    assert not Suppression.objects.exists()


def test_what_is_not_signed_by_twilio_is_refused(text: Message) -> None:
    status = tell(status_path(text), {"MessageStatus": "delivered"}, secret="guess")
    inbound = tell(reverse(INBOUND), {"From": NUMBER, "Body": "STOP"}, secret="guess")
    unsigned = Client().post(reverse(INBOUND), {"From": NUMBER, "Body": "STOP"})

    assert {status.status_code, inbound.status_code, unsigned.status_code} == {403}
    text.refresh_from_db()
    assert text.status == STATUS.ACCEPTED
    assert not Suppression.objects.exists()


def test_form_that_was_changed_on_the_way_is_refused() -> None:
    path = reverse(INBOUND)
    form = {"From": NUMBER, "Body": "hello"}
    signature = sign(
        SECRET, f"https://tiffin.example{path}", [(k, [v]) for k, v in form.items()]
    )

    answer = Client().post(
        path, {**form, "Body": "STOP"}, headers={"x-twilio-signature": signature}
    )

    assert answer.status_code == 403
    assert not Suppression.objects.exists()


def test_address_that_names_no_message_of_ours_changes_nothing(text: Message) -> None:
    path = reverse("notifications:twilio-status", args=[f"{text.pk}:forged"])

    answer = tell(path, {"MessageStatus": "delivered"})

    assert answer.status_code == 204
    text.refresh_from_db()
    assert text.status == STATUS.ACCEPTED


def test_without_an_account_nobody_is_believed(settings: Any) -> None:
    settings.NOTIFICATIONS = {}

    assert tell(reverse(INBOUND), {"From": NUMBER}, secret="").status_code == 403


@pytest.mark.parametrize("name", ["twilio-status", "twilio-inbound"])
def test_only_posts_are_taken(client: Client, name: str) -> None:
    args = [token_of(1)] if name == "twilio-status" else []

    answer = client.get(reverse(f"notifications:{name}", args=args))

    assert answer.status_code == 405
