"""News within a window becomes one summary: nothing dropped, nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from notifications.models import (
    Digest,
    DigestItem,
    Event,
    Message,
    Notification,
    Priority,
)
from notifications.selectors import count_unread
from notifications.services.digests import close_digests
from notifications.services.planning import plan_next_batch
from notifications.services.publishing import publish
from notifications.services.working import work_lane
from notifications.tests.factories import PreferenceFactory, RecipientFactory
from notifications.tests.topics import TEST_LIKES

BULK = Priority.BULK


def like(person, number):
    publish(
        topic=TEST_LIKES,
        recipients=[person.pk],
        key=f"like:{person.pk}:{number}",
        context={"name": f"Fan {number}", "what": "yours", "url": f"/likes/{number}/"},
    )


def later():
    return timezone.now() + timedelta(hours=1)


def test_summary_names_what_was_collected(db):
    grace = RecipientFactory.create()
    for number in range(12):
        like(grace, number)
    work_lane(lane=BULK, seconds=20)
    assert mail.outbox == []

    assert close_digests(now=later()) == 1
    work_lane(lane=BULK, seconds=20)

    [summary] = mail.outbox
    assert summary.subject == "12 pieces of news"
    assert "Fan 0 has news" in summary.body
    assert "and 2 more" in summary.body
    assert Message.objects.filter(status="digested").count() == 12


def test_inbox_shows_each_at_once_and_no_summary(db):
    grace = RecipientFactory.create()
    like(grace, 1)
    like(grace, 2)
    work_lane(lane=BULK, seconds=20)
    close_digests(now=later())
    work_lane(lane=BULK, seconds=20)

    assert count_unread(recipient_pk=grace.pk) == 2
    assert Notification.objects.filter(in_inbox=True).count() == 2


def test_summary_is_not_sent_to_who_turned_the_category_off_meanwhile(db):
    grace = RecipientFactory.create()
    like(grace, 1)
    work_lane(lane=BULK, seconds=20)
    PreferenceFactory.create(user=grace, category="test_offers")

    close_digests(now=later())
    work_lane(lane=BULK, seconds=20)

    assert mail.outbox == []
    assert Message.objects.latest("pk").reason == "preference"


def test_open_window_is_left_open(db):
    like(RecipientFactory.create(), 1)
    work_lane(lane=BULK, seconds=20)

    assert close_digests() == 0


def test_two_open_digests_for_one_are_impossible(db):
    like(RecipientFactory.create(), 1)
    work_lane(lane=BULK, seconds=20)
    digest = Digest.objects.get()

    digest.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        digest.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_fifty_events_at_once_make_one_summary_of_fifty():
    grace = RecipientFactory.create()
    start = Barrier(5)

    def publish_and_plan(worker):
        for number in range(10):
            like(grace, f"{worker}-{number}")
        start.wait()
        while plan_next_batch(lane=BULK).taken:
            pass
        connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(publish_and_plan, range(5)))
    while plan_next_batch(lane=BULK).taken:
        pass

    assert close_digests(now=later()) == 1
    assert Event.objects.get(key__startswith="digest:").context["count"] == 50


@pytest.mark.django_db(transaction=True)
def test_news_that_comes_while_digests_close_is_in_exactly_one():
    grace = RecipientFactory.create()
    for number in range(40):
        like(grace, number)
    start = Barrier(3)

    def plan():
        start.wait()
        while plan_next_batch(lane=BULK).taken:
            pass
        connection.close()

    def close():
        start.wait()
        for _ in range(20):
            close_digests(now=later())
        connection.close()

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(plan), pool.submit(plan), pool.submit(close)]:
            future.result()
    plan_next_batch(lane=BULK)
    close_digests(now=later())

    summaries = Event.objects.filter(key__startswith="digest:")
    assert sum(event.context["count"] for event in summaries) == 40
    assert DigestItem.objects.count() == 40
