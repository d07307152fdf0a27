"""What a restaurant's own programs are sent of its orders."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from notifications.models import Event, WebhookEndpoint
from notifications.services.planning import plan_next_batch
from notifications.tests.factories import WebhookEndpointFactory
from orders.models import Order, OrderEvent
from orders.serializers.webhooks import ORDER_EVENTS, OrderWebhookEventSerializer
from orders.services import (
    Actor,
    accept_order,
    complete_order,
    mark_order_ready,
    reject_order,
    send_order_out,
    start_preparing_order,
)
from orders.services.lifecycle import delay_order
from orders.tests.factories import fill_cart, submit
from restaurants.models import Membership
from restaurants.notifications import about_of
from restaurants.services.people import change_role, remove_member
from restaurants.tests.factories import MembershipFactory

By = OrderEvent.Actor


@pytest.fixture
def membership(margherita):
    return MembershipFactory(restaurant=margherita.section.menu.restaurant)


@pytest.fixture
def webhook(membership):
    about = about_of(membership.restaurant.public_id)
    return WebhookEndpointFactory(owner=membership.user, about=about)


@pytest.fixture
def owner(membership):
    return Actor(By.RESTAURANT, membership.user)


@pytest.fixture
def order(ada, margherita, webhook):
    return submit(fill_cart(ada, margherita), ada)


def sent():
    events = Event.objects.filter(topic="partner_event").order_by("pk")
    return [event.context["payload"] for event in events]


def test_each_step_is_sent(order, owner):
    for step in (
        accept_order,
        start_preparing_order,
        mark_order_ready,
        send_order_out,
        complete_order,
    ):
        step(order_pk=order.pk, actor=owner)

    steps = [(one["type"], one["data"]["previous_status"]) for one in sent()]
    assert steps == [
        ("order.placed", None),
        ("order.accepted", "placed"),
        ("order.preparing", "accepted"),
        ("order.ready", "preparing"),
        ("order.out_for_delivery", "ready"),
        ("order.delivered", "out_for_delivery"),
    ]


def test_an_event_says_how_the_order_is_and_nothing_of_the_customer(order, owner, ada):
    reject_order(order_pk=order.pk, actor=owner, reason="too_busy", note="Ada again")

    event = sent()[-1]
    data = event["data"]
    assert set(event) == {"type", "timestamp", "data"}
    assert set(data) == set(OrderWebhookEventSerializer().fields["data"].fields)
    assert data["order_id"] == str(order.public_id)
    assert (data["status"], data["reason"]) == ("rejected", "too_busy")
    assert data["total"] == {"amount": int(order.total * 100), "currency": "USD"}
    assert ada.email not in str(event)
    assert "Ada" not in str(event)


def test_a_delay_is_a_change(order, owner):
    accept_order(order_pk=order.pk, actor=owner)
    delay_order(order_pk=order.pk, actor=owner, minutes=10)

    before, after = sent()[-2:]
    assert after["type"] == "order.changed"
    assert after["data"]["current_until"] > before["data"]["current_until"]


def test_the_same_step_twice_is_one_event(order, owner):
    accept_order(order_pk=order.pk, actor=owner)
    accept_order(order_pk=order.pk, actor=owner)

    assert [one["type"] for one in sent()] == ["order.placed", "order.accepted"]


def test_without_a_webhook_nothing_is_published(ada, margherita, membership):
    submit(fill_cart(ada, margherita), ada)

    assert sent() == []


@pytest.mark.parametrize("changes", [{"is_active": False}, {"about": "restaurant:x"}])
def test_what_is_off_or_another_restaurants_hears_nothing(
    ada, margherita, webhook, changes
):
    WebhookEndpoint.objects.update(**changes)

    submit(fill_cart(ada, margherita), ada)

    assert sent() == []


def test_who_is_removed_hears_no_more(ada, margherita, webhook, membership):
    boss = MembershipFactory(restaurant=membership.restaurant).user
    remove_member(
        restaurant_pk=membership.restaurant_id, actor=boss, membership_pk=membership.pk
    )

    submit(fill_cart(ada, margherita), ada)

    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.disabled_because) == (False, "owner_left")
    assert sent() == []


def test_who_is_no_owner_any_more_hears_no_more(webhook, membership):
    boss = MembershipFactory(restaurant=membership.restaurant).user
    change_role(
        restaurant_pk=membership.restaurant_id,
        actor=boss,
        membership_pk=membership.pk,
        role=Membership.Role.MANAGER,
    )

    webhook.refresh_from_db()
    assert not webhook.is_active


def test_a_membership_that_ended_otherwise_is_seen_as_well(
    ada, margherita, webhook, membership
):
    membership.delete()

    submit(fill_cart(ada, margherita), ada)

    assert sent() == []


def test_it_is_planned_for_the_endpoint(order, webhook):
    batch = plan_next_batch(lane="standard", direct=frozenset({"webhook"}))

    [envelope] = [one for one in batch.envelopes if one.provider == "webhook"]
    assert envelope.address == webhook.url
    assert envelope.title == "order.placed"
    assert envelope.expires_at - envelope.subject.published_at == timedelta(days=7)


def test_the_schema_tells_of_each_event():
    paths = settings.SPECTACULAR_SETTINGS["WEBHOOKS"]

    told = [import_string(path).name for path in paths]

    moves = {
        f"order.{status}" for status in Order.Status if status != "pending_payment"
    }
    assert set(told) == moves | {"order.changed", "webhook.test"}
    assert told == [*ORDER_EVENTS, "webhook.test"]


def test_what_is_sent_is_as_the_schema_says(order, owner):
    accept_order(order_pk=order.pk, actor=owner)
    delay_order(order_pk=order.pk, actor=owner, minutes=10)
    schema = SchemaGenerator().get_schema(public=True)

    for event in sent():
        [told] = schema["webhooks"][event["type"]]["post"]["requestBody"][
            "content"
        ].values()
        shape = {**told["schema"], "components": schema["components"]}
        Draft202012Validator(shape).validate(event)
