from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from notifications.models import Event, Message
from notifications.tests.factories import EventFactory, MessageFactory


def sign_in_operator(client: Client) -> None:
    operator = get_user_model().objects.create_superuser(
        email="operator@example.com", password="correct-horse-battery"
    )
    client.force_login(operator)


def test_operators_send_dead_letters_again(db: None, client: Client) -> None:
    dead = MessageFactory.create(status=Message.Status.DEAD, attempt_count=12)
    sign_in_operator(client)

    client.post(
        reverse("admin:notifications_message_changelist"),
        {"action": "redrive", "_selected_action": [dead.pk]},
    )

    dead.refresh_from_db()
    assert (dead.status, dead.attempt_count) == (Message.Status.READY, 0)


def test_operators_have_rejected_events_planned_again(db: None, client: Client) -> None:
    rejected = EventFactory.create(recipient_ids=[1])
    sign_in_operator(client)

    client.post(
        reverse("admin:notifications_event_changelist"),
        {"action": "replan", "_selected_action": [rejected.pk]},
    )

    assert Event.objects.get().planned_at is None


def test_operators_read_a_message_and_its_attempts(db: None, client: Client) -> None:
    message = MessageFactory.create()
    message.attempts.create(at=message.due_at, outcome="retry", answer="451 come back")
    sign_in_operator(client)

    page = client.get(reverse("admin:notifications_message_change", args=[message.pk]))

    assert "451 come back" in page.content.decode()


def test_operators_change_nothing_by_hand(db: None, client: Client) -> None:
    message = MessageFactory.create()
    sign_in_operator(client)

    page = client.post(
        reverse("admin:notifications_message_change", args=[message.pk]),
        {"status": "accepted"},
    )

    assert page.status_code == 403
