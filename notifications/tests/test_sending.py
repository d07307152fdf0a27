from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from notifications.backoff import LONGEST_WAIT, retry_after
from notifications.models import Lease, Message, Priority, Timer
from notifications.selectors import get_accounting
from notifications.services.claiming import find_lanes_with_work
from notifications.services.recording import redrive_messages, return_expired_leases
from notifications.services.working import work_lane
from notifications.tests.factories import (
    MessageFactory,
    NotificationFactory,
    RecipientFactory,
)
from notifications.tests.mail_server import MailServer
from notifications.tests.topics import TEST_NEWS

STATUS = Message.Status


def send() -> int:
    return work_lane(lane=Priority.STANDARD, seconds=20)


def make_due() -> None:
    Timer.objects.update(due_at=timezone.now())


def hold(*, attempt_count: int = 1) -> Message:
    """Return a message in the hands of a sender that has died."""
    message = MessageFactory.create(status=STATUS.LEASED, attempt_count=attempt_count)
    Lease.objects.create(
        lane=Priority.STANDARD,
        message_ids=[message.pk],
        leased_until=timezone.now(),
    )
    return message


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
    MessageFactory.create(notification__wording__body="Chef's <best> & more")

    send()

    [sent] = mail.outbox
    assert "Chef's <best> & more" in sent.body
    assert isinstance(sent, EmailMultiAlternatives)
    [(html, _)] = sent.alternatives
    assert "Chef&#x27;s &lt;best&gt; &amp; more" in str(html)


def test_stale_message_expires_unsent(db: None) -> None:
    message = MessageFactory.create(expires_at=timezone.now() - timedelta(seconds=1))

    send()

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.EXPIRED, "expired")
    assert mail.outbox == []


def test_message_waits_until_it_is_due(db: None) -> None:
    MessageFactory.create(timer=timezone.now() + timedelta(minutes=1))

    assert send() == 0


def test_other_lane_is_not_touched(db: None) -> None:
    MessageFactory.create(notification__event__lane=Priority.BULK)

    assert send() == 0
    assert find_lanes_with_work() == [Priority.BULK]


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
    assert (
        before
        <= Timer.objects.get().due_at
        <= timezone.now() + retry_after(1, chance=1)
    )
    assert message.attempts.get().answer == "451 come back"


def test_permanent_refusal_ends_the_message(db: None, mail_server: MailServer) -> None:
    message = MessageFactory.create()
    mail_server.on_recipient = lambda line: "550 nobody here"

    send()

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.FAILED, "refused")
    assert message.attempts.get().answer == "550 nobody here"


def test_one_refused_recipient_does_not_harm_the_others(
    db: None, mail_server: MailServer
) -> None:
    bad, good = (
        MessageFactory.create(notification__recipient__email="bad@example.com"),
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
    bad = MessageFactory.create(notification__recipient__email="a@b\nBcc: c@d")
    good = MessageFactory.create()

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
    make_due()

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
    for _ in range(TEST_NEWS.most_attempts):
        make_due()
        send()
    message.refresh_from_db()
    assert message.status == STATUS.DEAD
    assert message.attempts.count() == TEST_NEWS.most_attempts

    mail_server.on_mail = lambda message_id: "250 taken"
    assert redrive_messages(message_pks=[message.pk]) == 1
    send()

    message.refresh_from_db()
    assert message.status == STATUS.ACCEPTED


def test_accepted_messages_are_never_redriven(db: None) -> None:
    message = MessageFactory.create(status=STATUS.ACCEPTED)

    assert redrive_messages(message_pks=[message.pk]) == 0


def test_lease_of_a_dead_sender_is_an_attempt_of_unknown_outcome(db: None) -> None:
    message = hold()

    assert return_expired_leases() == 1

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.READY, "sender_died")
    assert message.attempts.get().outcome == "unknown"
    assert Timer.objects.get().message_id == message.pk
    assert not Lease.objects.exists()


def test_message_that_kills_its_senders_becomes_a_dead_letter(db: None) -> None:
    message = hold(attempt_count=TEST_NEWS.most_attempts)

    return_expired_leases()

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.DEAD, "sender_died")


@pytest.mark.django_db(transaction=True)
def test_sender_that_lost_its_lease_writes_nothing(mail_server: MailServer) -> None:
    message = MessageFactory.create()

    def lose(message_id: str) -> str:
        return_expired_leases(now=timezone.now() + timedelta(minutes=5))
        connection.close()
        return "250 taken"

    mail_server.on_mail = lose
    send()

    message.refresh_from_db()
    assert message.status == STATUS.READY
    assert [a.outcome for a in message.attempts.all()] == ["unknown"]


def test_message_of_a_topic_that_is_no_more_ends_and_blocks_nobody(db: None) -> None:
    orphan = MessageFactory.create(notification__event__topic="retired")
    MessageFactory.create()

    send()

    orphan.refresh_from_db()
    assert (orphan.status, orphan.reason) == (STATUS.FAILED, "no_topic")
    assert len(mail.outbox) == 1


def test_message_of_a_closed_account_is_not_sent(db: None) -> None:
    message = MessageFactory.create(notification__recipient__is_active=False)

    send()

    message.refresh_from_db()
    assert (message.status, message.reason) == (STATUS.SUPPRESSED, "no_endpoint")
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
    assert (message.status, message.reason) == (STATUS.SUPPRESSED, "no_endpoint")


def test_what_a_slow_provider_had_no_time_for_is_given_back(
    db: None, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.providers.email.BUDGET_SECONDS", 0.15)
    MessageFactory.create_batch(3)
    mail_server.delay = 0.2

    work_lane(lane=Priority.STANDARD, seconds=0.05)

    assert get_accounting().messages == {STATUS.ACCEPTED: 1, STATUS.READY: 2}
    waiting = Message.objects.filter(status=STATUS.READY)
    assert set(waiting.values_list("reason", "attempt_count")) == {("provider_slow", 0)}
    assert Timer.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_lease_of_a_slow_provider_is_renewed(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.services.leasing.LEASE", timedelta(seconds=0.4))
    monkeypatch.setattr("notifications.services.working.RENEW_SECONDS", 0.1)
    message = MessageFactory.create()
    mail_server.delay = 1.0

    def send_and_close() -> None:
        send()
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send_and_close)
        while not sending.done():
            return_expired_leases()
        sending.result()

    message.refresh_from_db()
    assert message.status == STATUS.ACCEPTED
    assert [attempt.outcome for attempt in message.attempts.all()] == ["accepted"]
