"""The pages and the API give the same totals, the same refusals, the same permissions.

Ada orders on the page and Bob over the API: the same cart, at the same moment.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from customers.places import SESSION_KEY as PLACE_KEY
from customers.tests.factories import UserFactory
from menus.models import Item, Modifier
from menus.pricing import Choice
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from notifications.fields import minor_units
from orders.models import Cart, Order, OrderEvent
from orders.services import (
    Actor,
    accept_order,
    add_line,
    get_or_create_cart,
    set_fulfilment,
)
from orders.services.slots import quarter_of
from orders.tests.factories import MISSION, OrderFactory, filled_in, submit
from restaurants.models import Restaurant

pytestmark = pytest.mark.django_db
CHECKOUT = "/checkout/"
# A Friday, 19:02 in San Francisco.
EVENING = datetime(2026, 11, 21, 3, 2, tzinfo=UTC)
LATER = quarter_of(EVENING + timedelta(hours=3))
AMOUNTS = ("subtotal", "delivery_fee", "tax", "tip", "total")
COPIED = (
    *(*AMOUNTS, "currency", "prices_include_tax", "fulfilment", "restaurant_name"),
    *("address", "latitude", "longitude", "distance", "delivery_instructions"),
    *("kitchen_note", "scheduled_for", "promised_from", "promised_until"),
    *("answer_by", "preparation_minutes", "customer_phone", "payment_status"),
)
KITCHEN = Actor(OrderEvent.Actor.RESTAURANT)


@pytest.fixture(autouse=True)
def _evening():
    with time_machine.travel(EVENING, tick=False):
        yield


class Both:
    """Ada with a browser and Bob with an app, who want the same."""

    def __init__(self, api):
        self.ada, self.bob = UserFactory(), UserFactory()
        self.browser = Client()
        self.browser.force_login(self.ada)
        session = self.browser.session
        session[PLACE_KEY] = asdict(MISSION)
        session.save()
        self.app = api.sign_in(self.bob)

    def fill(self, item, quantity=2, choices=(), fulfilment="delivery"):
        for user in (self.ada, self.bob):
            cart = get_or_create_cart(user=user)
            add_line(
                cart=cart,
                item_public_id=item.public_id,
                quantity=quantity,
                choices=choices,
            )
            set_fulfilment(cart=cart, fulfilment=fulfilment)

    def look(self, wish):
        """Return the checkout page as it shows a wish, and the API's quote of it."""
        page = self.browser.get(CHECKOUT)
        if wish:
            page = self.browser.post(
                CHECKOUT, filled_in(page, **_typed(wish), action="update")
            )
        return page, self.app.post("/cart/quote", self._asked(wish)).json()

    def order(self, page, wish):
        """Order what the page shows, and the same over the API."""
        cart = Cart.objects.get(user=self.bob)
        moment = page.context["moment"]
        body = {
            **self._asked(wish),
            "fulfilment": cart.fulfilment,
            "scheduled_for": moment.isoformat() if moment else None,
        }
        return (
            self.browser.post(CHECKOUT, filled_in(page, **_tip(wish))),
            self.app.post("/orders", body, Idempotency_Key="k"),
        )

    @staticmethod
    def _asked(wish):
        place = asdict(MISSION)
        del place["label"], place["address_pk"], place["delivery_instructions"]
        return {"place": place, **wish}


def _typed(wish):
    when = {"when": wish["scheduled_for"]} if "scheduled_for" in wish else {}
    return {**when, **_tip(wish)}


def _tip(wish):
    if "tip_percent" in wish:
        return {"tip_choice": str(wish["tip_percent"])}
    if "tip" in wish:
        return {"tip_choice": "own", "tip": str(Decimal(wish["tip"]["amount"]) / 100)}
    return {}


@pytest.fixture
def both(api):
    return Both(api)


def same_amounts(page, quote):
    shown = page.context["quote"]
    told = {name: quote[name]["amount"] for name in AMOUNTS}
    return told == {
        name: minor_units(getattr(shown, name), shown.currency) for name in AMOUNTS
    }


TAXED = {"tax_rate": Decimal("8.625"), "delivery_fee": Decimal("2.50")}


@pytest.mark.parametrize(
    ("terms", "fulfilment", "wish"),
    [
        ({}, "delivery", {}),
        (TAXED, "delivery", {}),
        ({**TAXED, "prices_include_tax": True}, "delivery", {"tip_percent": 15}),
        (TAXED, "delivery", {"tip": {"amount": 333, "currency": "USD"}}),
        (TAXED, "pickup", {"tip_percent": 5}),
        (TAXED, "delivery", {"scheduled_for": LATER.isoformat()}),
        ({"currency": "JPY", "tax_rate": Decimal(10)}, "pickup", {}),
    ],
)
def test_the_same_cart_costs_the_same_and_makes_the_same_order(
    both, terms, fulfilment, wish
):
    item = ItemFactory(price=Decimal("13.00"))
    Restaurant.objects.update(**terms)
    both.fill(item, 3, fulfilment=fulfilment)

    page, quote = both.look(wish)
    placed, ordered = both.order(page, wish)

    assert same_amounts(page, quote)
    assert page.context["mistakes"] == quote["problems"] == []
    shown = page.context["quote"].window
    assert parse_datetime(quote["window_from"]) == shown.start
    assert parse_datetime(quote["window_until"]) == shown.end
    assert (placed.status_code, ordered.status_code) == (302, 201)
    ada, bob = (Order.objects.get(customer=one) for one in (both.ada, both.bob))
    assert [getattr(ada, name) for name in COPIED] == [
        getattr(bob, name) for name in COPIED
    ]
    assert [(one.name, one.amount) for one in ada.lines.all()] == [
        (one.name, one.amount) for one in bob.lines.all()
    ]


@pytest.mark.parametrize(
    ("model", "change", "wish", "code"),
    [
        (Restaurant, {"minimum_order": Decimal(40)}, {}, "below_minimum"),
        (Restaurant, {"delivery_radius": 100}, {}, "out_of_range"),
        (Restaurant, {"status": "suspended"}, {}, "restaurant_not_live"),
        (Restaurant, {"offers_delivery": False}, {}, "fulfilment_not_offered"),
        (Item, {"sold_out_until": EVENING + timedelta(days=9)}, {}, "item_sold_out"),
        (Item, {"portions_left": 1}, {}, "item_sold_out"),
        (Item, {"price": Decimal("13.50")}, {}, "price_changed"),
        (
            Modifier,
            {"sold_out_until": EVENING + timedelta(days=9)},
            {},
            "modifier_sold_out",
        ),
        (Restaurant, {}, {"tip": {"amount": 10_100, "currency": "USD"}}, "tip_invalid"),
        (
            Restaurant,
            {},
            {"scheduled_for": (LATER + timedelta(minutes=7)).isoformat()},
            "slot_not_offered",
        ),
    ],
)
def test_the_same_cart_is_refused_in_the_same_words(both, model, change, wish, code):
    item = ItemFactory()
    size = ModifierGroupFactory(restaurant=item.restaurant)
    offer(item, size)
    large = ModifierFactory(group=size)
    both.fill(item, choices=[Choice(large.public_id)])
    if change:
        model.objects.update(**change)

    page, quote = both.look(wish)
    refused, told = both.order(page, wish)

    words = [str(one.text) for one in page.context["mistakes"]]
    assert [one["message"] for one in quote["problems"]] == words
    assert code in [one["code"] for one in quote["problems"]]
    assert same_amounts(page, quote)
    assert refused.status_code == told.status_code == 409
    assert [one["detail"] for one in told.json()["errors"]] == [
        str(one.text) for one in refused.context["mistakes"]
    ]
    assert told.json()["state"]["problems"] == quote["problems"]
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"paused_until": EVENING + timedelta(hours=2)},
        {"unattended_since": EVENING, "paused_until": EVENING + timedelta(hours=1)},
    ],
)
def test_a_kitchen_that_takes_none_now_is_offered_for_the_same_time(both, change):
    both.fill(ItemFactory())
    fields = {field.name for field in Restaurant._meta.fields}  # noqa: SLF001
    Restaurant.objects.update(**{k: v for k, v in change.items() if k in fields})

    page, quote = both.look({})
    placed, ordered = both.order(page, {})

    moved = [str(one) for one in page.context["moved"]]
    assert [one["message"] for one in quote["problems"]] == moved
    assert parse_datetime(quote["proposed_slot"]) == page.context["moment"]
    assert (placed.status_code, ordered.status_code) == (302, 201)
    slots = Order.objects.values_list("scheduled_for", flat=True)
    assert len(set(slots)) == 1


def test_the_same_slots_are_offered(both):
    both.fill(ItemFactory(), fulfilment="pickup")

    page, _quote = both.look({})
    told = both.app.get("/cart/slots").json()["results"]

    shown = [(one.start, one.window.start) for one in page.context["slots"]]
    assert shown == [
        (parse_datetime(one["scheduled_for"]), parse_datetime(one["window_from"]))
        for one in told
    ]


def test_another_persons_order_is_there_for_neither(both):
    order = OrderFactory(customer=UserFactory())
    page, path = order.get_absolute_url(), f"/orders/{order.public_id}"

    assert both.browser.get(page).status_code == 404
    assert both.app.get(path).status_code == 404
    acts = [("cancel", "cancel"), ("again", "again"), ("receipt/email", "receipt")]
    for act, told in acts:
        assert both.browser.post(f"{page}{act}/", {}).status_code == 404
        assert both.app.post(f"{path}/{told}").status_code == 404


def test_both_cancel_until_it_is_accepted_and_neither_after(both):
    both.fill(ItemFactory())
    for user in (both.ada, both.bob):
        order = submit(Cart.objects.get(user=user), user)
        accept_order(order_pk=order.pk, actor=KITCHEN)
    ada, bob = (Order.objects.get(customer=one) for one in (both.ada, both.bob))

    page = both.browser.post(
        f"{ada.get_absolute_url()}cancel/", {"reason": "mistake"}, follow=True
    )
    told = both.app.post(f"/orders/{bob.public_id}/cancel", {"reason": "mistake"})

    said = [str(one) for one in page.context["messages"]]
    assert [told.json()["detail"]] == said
    assert not Order.objects.exclude(status="accepted").exists()


def test_the_order_pages_and_the_api_say_the_same_of_an_order(both):
    both.fill(ItemFactory())
    for user in (both.ada, both.bob):
        submit(Cart.objects.get(user=user), user)
    ada, bob = (Order.objects.get(customer=one) for one in (both.ada, both.bob))
    Order.objects.update(current_until=timezone.now() + timedelta(hours=3))

    page = both.browser.get(ada.get_absolute_url())
    told = both.app.get(f"/orders/{bob.public_id}").json()

    progress = page.context["progress"]
    assert told["status_text"] == progress.sentence
    assert told["lateness_text"] == progress.lateness != ""
    assert [one["text"] for one in told["timeline"]] == [
        str(one.label) for one in progress.steps
    ]
    assert page.context["can_cancel"] is True
    assert told["next_steps"] == ["cancel"]
    assert told["status_text"] in page.text


def test_a_line_is_refused_in_the_same_words(both):
    item = ItemFactory()
    offer(item, ModifierGroupFactory(restaurant=item.restaurant, name="Size"))

    page = both.browser.post(f"/cart/items/{item.public_id}/", {"quantity": 1})
    told = both.app.post("/cart/lines", {"item_id": str(item.public_id), "quantity": 1})

    assert page.status_code == told.status_code == 422
    assert told.json()["detail"] == page.context["error"]
