import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from notifications.backoff import LONGEST_WAIT, MOST_ATTEMPTS, retry_after
from notifications.models import Channel, Message, Priority
from notifications.providers import PROVIDERS
from notifications.providers.base import Outcome
from notifications.providers.email import EmailProvider
from notifications.selectors import get_accounting, lanes_with_work
from notifications.services.sending import (
    redrive_messages,
    return_expired_leases,
    send_next_batch,
)
from notifications.tests.factories import (
    MessageFactory,
    NotificationFactory,
    RecipientFactory,
)
from notifications.tests.mail_server import MailServer

STATUS = Message.Status


def send() -> int:
    return send_next_batch(priority=Priority.STANDARD)


def test_accepted_message_is_mailed_once(db: None) -> None:
    message = MessageFactory.create()

    assert send() == 1
    assert send() == 0

    message.refresh_from_db()
    assert message.status == STATUS.ACCEPTED
    [sent] = mail.outbox
    assert sent.to == [message.endpoint]
    assert str(message.public_id) in sent.extra_headers["Message-ID"]
    assert isinstance(sent, EmailMultiAlternatives)
    assert [kind for _, kind in sent.alternatives] == ["text/html"]
    assert [a.outcome for a in message.attempts.all()] == ["accepted"]


def test_mail_is_not_escaped_twice(db: None) -> None:
    MessageFactory.create(notification__body="Chef's <best> & more")

    send()

    [sent] = mail.outbox
    assert "Chef's <best> & more" in sent.body
    assert isinstance(sent, EmailMultiAlternatives)
    [(html, _)] = sent.alternatives
    assert "Chef&#x27;s &lt;best&gt; &amp; more" in str(html)


def test_in_app_message_needs_no_mail(db: None) -> None:
    message = MessageFactory.create(channel=Channel.IN_APP)

    send()

    message.refresh_from_db()
    assert message.status == STATUS.ACCEPTED
    assert mail.outbox == []


def test_stale_message_expires_unsent(db: None) -> None:
    message = MessageFactory.create(expires_at=timezone.now() - timedelta(seconds=1))

    send()

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.EXPIRED, "expired")
    assert mail.outbox == []


def test_message_waits_until_it_is_due(db: None) -> None:
    MessageFactory.create(due_at=timezone.now() + timedelta(minutes=1))

    assert send() == 0


def test_other_lane_is_not_touched(db: None) -> None:
    MessageFactory.create(priority=Priority.BULK)

    assert send() == 0
    assert lanes_with_work() == [Priority.BULK]


def test_backoff_doubles_up_to_a_bound() -> None:
    waits = [retry_after(count, chance=1).total_seconds() for count in range(1, 13)]

    assert waits[:4] == [2, 4, 8, 16]
    assert waits[-1] == LONGEST_WAIT.total_seconds()
    assert retry_after(3, chance=0) == timedelta(0)


def test_temporary_refusal_is_retried_later(db: None, mail_server: MailServer) -> None:
    message = MessageFactory.create()
    mail_server.on_mail = lambda message_id: "451 come back"

    before = timezone.now()
    send()

    message.refresh_from_db()
    assert message.status == STATUS.READY
    assert before <= message.due_at <= timezone.now() + retry_after(1, chance=1)
    assert message.attempts.get().answer == "451 come back"


def test_permanent_refusal_ends_the_message(db: None, mail_server: MailServer) -> None:
    message = MessageFactory.create()
    mail_server.on_recipient = lambda line: "550 nobody here"

    send()

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.FAILED, "550 nobody here")


def test_one_refused_recipient_does_not_harm_the_others(
    db: None, mail_server: MailServer
) -> None:
    bad, good = (
        MessageFactory.create(endpoint="bad@example.com"),
        MessageFactory.create(),
    )
    mail_server.on_recipient = lambda line: "550 no" if "bad@" in line else "250 ok"

    send()

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.status, good.status) == (STATUS.FAILED, STATUS.ACCEPTED)


def test_malformed_address_does_not_harm_the_others(
    db: None, mail_server: MailServer
) -> None:
    bad, good = MessageFactory.create(endpoint="a@b\nBcc: c@d"), MessageFactory.create()

    send()

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.status, good.status) == (STATUS.FAILED, STATUS.ACCEPTED)


def test_connection_lost_after_the_mail_is_unknown_and_the_rest_goes_on(
    db: None, mail_server: MailServer
) -> None:
    lost, fine = MessageFactory.create(), MessageFactory.create()
    mail_server.on_mail = lambda message_id: (
        None if str(lost.public_id) in message_id else "250 taken"
    )

    send()

    lost.refresh_from_db()
    fine.refresh_from_db()
    assert lost.attempts.get().outcome == "unknown"
    assert (lost.status, fine.status) == (STATUS.READY, STATUS.ACCEPTED)


def test_doubtful_mail_goes_again_under_the_same_message_id(
    db: None, mail_server: MailServer
) -> None:
    message = MessageFactory.create()
    mail_server.on_mail = lambda message_id: None
    send()
    mail_server.on_mail = lambda message_id: "250 taken"
    Message.objects.update(due_at=timezone.now())

    send()

    message.refresh_from_db()
    assert message.status == STATUS.ACCEPTED
    first, second = mail_server.arrived
    assert first == second


def test_mail_server_that_is_down_is_tried_again(
    db: None, mail_server: MailServer
) -> None:
    MessageFactory.create_batch(2)
    mail_server.shutdown()
    mail_server.server_close()

    send()

    assert get_accounting().messages == {STATUS.READY: 2}


def test_attempts_end_in_a_dead_letter_that_can_be_redriven(
    db: None, mail_server: MailServer
) -> None:
    message = MessageFactory.create()
    mail_server.on_mail = lambda message_id: "451 not today"
    for _ in range(MOST_ATTEMPTS):
        Message.objects.update(due_at=timezone.now())
        send()
    message.refresh_from_db()
    assert message.status == STATUS.DEAD
    assert message.attempts.count() == MOST_ATTEMPTS

    mail_server.on_mail = lambda message_id: "250 taken"
    assert redrive_messages(message_pks=[message.pk]) == 1
    send()

    message.refresh_from_db()
    assert message.status == STATUS.ACCEPTED


def test_accepted_messages_are_never_redriven(db: None) -> None:
    message = MessageFactory.create(status=STATUS.ACCEPTED)

    assert redrive_messages(message_pks=[message.pk]) == 0


def test_lease_of_a_dead_sender_is_returned(db: None) -> None:
    now = timezone.now()
    message = MessageFactory.create(
        status=STATUS.LEASED, lease_token=uuid.uuid4(), leased_until=now
    )

    assert return_expired_leases(now=now) == 1

    message.refresh_from_db()
    assert (message.status, message.lease_token) == (STATUS.READY, None)


def test_message_that_kills_its_senders_becomes_a_dead_letter(db: None) -> None:
    now = timezone.now()
    message = MessageFactory.create(
        status=STATUS.LEASED,
        lease_token=uuid.uuid4(),
        leased_until=now,
        attempt_count=MOST_ATTEMPTS,
    )

    return_expired_leases(now=now)

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.DEAD, "senders died")


def test_sender_that_lost_its_lease_writes_nothing(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = MessageFactory.create()
    other = uuid.uuid4()

    class Slow(EmailProvider):
        def send(self, messages: Sequence[Message]) -> list[Outcome]:
            Message.objects.update(lease_token=other)
            return super().send(messages)

    monkeypatch.setitem(PROVIDERS, Channel.EMAIL, Slow())
    send()

    message.refresh_from_db()
    assert (message.status, message.lease_token) == (STATUS.LEASED, other)
    assert not message.attempts.exists()


def test_what_the_time_did_not_allow_is_given_back(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = MessageFactory.create()
    monkeypatch.setattr("notifications.services.sending.BUDGET", -1.0)

    send()

    message.refresh_from_db()
    assert (message.status, message.attempt_count) == (STATUS.READY, 0)
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_everything_once(mail_server: MailServer) -> None:
    notifications = NotificationFactory.create_batch(20)
    for notification in notifications:
        MessageFactory.create(notification=notification)
    start = Barrier(2)

    def work() -> None:
        start.wait()
        while send():
            pass
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work), pool.submit(work)]:
            future.result()

    assert get_accounting().messages == {STATUS.ACCEPTED: 20}
    assert len(mail_server.arrived) == len(set(mail_server.arrived)) == 20


def test_recipient_without_an_address_is_accounted_for(
    db: None, mail_server: MailServer
) -> None:
    message = MessageFactory.create(
        notification__recipient=RecipientFactory.create(), endpoint=""
    )

    send()

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.FAILED, "no recipient")
