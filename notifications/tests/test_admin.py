import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.models import Message, Timer
from notifications.tests.factories import ChunkFactory, MessageFactory


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
    assert dead.status == Message.Status.READY
    assert Timer.objects.get().message_id == dead.pk


def test_operators_have_rejected_recipients_planned_again(
    db: None, client: Client
) -> None:
    rejected = ChunkFactory.create(due_at=None, rejected_because="KeyError")
    sign_in_operator(client)

    client.post(
        reverse("admin:notifications_chunk_changelist"),
        {"action": "replan", "_selected_action": [rejected.pk]},
    )

    rejected.refresh_from_db()
    assert rejected.due_at


def test_operators_read_a_message_and_its_attempts(db: None, client: Client) -> None:
    message = MessageFactory.create()
    message.attempts.create(
        number=1, at=timezone.now(), outcome="retry", answer="451 come back"
    )
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


@pytest.mark.parametrize(
    ("model", "choice"),
    [
        ("message", {"provider": "email", "status__exact": "dead"}),
        ("event", {"lane": "standard", "topic": "test_news", "q": "test:"}),
    ],
)
def test_lists_are_filtered_by_what_is_known(
    db: None, client: Client, model: str, choice: dict[str, str]
) -> None:
    MessageFactory.create(status=Message.Status.DEAD)
    sign_in_operator(client)
    address = reverse(f"admin:notifications_{model}_changelist")

    found = client.get(address, choice).context["cl"].result_count
    field = "provider" if model == "message" else "lane"
    others = client.get(address, {**choice, field: "bulk"}).context["cl"].result_count

    assert (found, others) == (1, 0)


def test_lists_do_not_count_a_billion_rows(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.admin_lists.MOST", 2)
    MessageFactory.create_batch(3)
    sign_in_operator(client)

    page = client.get(reverse("admin:notifications_message_changelist"))

    assert page.context["cl"].result_count == 2
    assert len(page.context["cl"].result_list) == 3
