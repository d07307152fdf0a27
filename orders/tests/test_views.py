from dataclasses import asdict
from decimal import Decimal

import pytest
from django.urls import reverse

from customers.places import SESSION_KEY as PLACE_KEY
from menus.tests.factories import ItemFactory, ModifierFactory, ModifierGroupFactory
from orders.models import Order
from orders.tests.factories import MISSION, OrderFactory, fill_cart, submit


@pytest.fixture
def visitor(client, db):
    session = client.session
    session[PLACE_KEY] = asdict(MISSION)
    session.save()
    return client


@pytest.fixture
def diner(visitor, ada):
    visitor.force_login(ada)
    session = visitor.session
    session[PLACE_KEY] = asdict(MISSION)
    session.save()
    return visitor


def _add(client, item, **data):
    return client.post(reverse("orders:cart-add", args=[item.public_id]), data)


def _filled_in(page, **changes):
    """Give back what the checkout page's form holds."""
    quote = page.context["quote"]
    return {
        "fulfilment": quote.fulfilment,
        "when": "",
        "street_address": "2100 Mission Street",
        "name": "Ada Diner",
        "phone": "+14155550123",
        "tip": "0",
        "key": page.context["key"],
        "seen_total": str(quote.total),
        "seen_from": quote.window.start.isoformat(),
        "seen_until": quote.window.end.isoformat(),
        "action": "place",
        **changes,
    }


def test_a_visitor_finds_a_restaurant_and_fills_a_cart(visitor, margherita):
    listed = visitor.get(reverse("restaurants:restaurant-list"))
    detail = visitor.get(margherita.restaurant.get_absolute_url())
    item = visitor.get(reverse("menus:item-detail", args=[margherita.public_id]))
    added = _add(visitor, margherita, quantity="2")
    cart = visitor.get(reverse("orders:cart-detail"))
    assert margherita.restaurant.name in listed.text
    assert "Margherita" in detail.text
    assert "$12.50" in item.text
    assert added.status_code == 302
    assert "$25.00" in cart.text
    assert "Go to checkout" in cart.text


def test_home_is_shown_to_everyone(client, db):
    assert client.get(reverse("home")).status_code == 200


def test_without_a_place_the_list_asks_for_one(client, db):
    response = client.get(reverse("restaurants:restaurant-list"))
    assert response.url == reverse("customers:place-choose")


def test_a_customer_orders_and_sees_the_order(diner, margherita):
    _add(diner, margherita)
    page = diner.get(reverse("orders:checkout"))
    placed = diner.post(reverse("orders:checkout"), _filled_in(page))
    order = Order.objects.get()
    assert placed.url == order.get_absolute_url()
    shown = diner.get(placed.url)
    assert "Waiting for" in shown.text
    assert "2100 Mission Street" in shown.text
    assert diner.get(reverse("orders:order-list")).text.count("Order again") == 1
    status = reverse("orders:order-status", args=[order.public_id])
    assert "Waiting for" in diner.get(status).text


def test_submitting_twice_makes_one_order(diner, margherita):
    _add(diner, margherita)
    page = diner.get(reverse("orders:checkout"))
    filled_in = _filled_in(page)
    first = diner.post(reverse("orders:checkout"), filled_in)
    second = diner.post(reverse("orders:checkout"), filled_in)
    assert first.url == second.url
    assert Order.objects.count() == 1


def test_a_changed_price_is_asked_about_before_it_is_paid(diner, margherita):
    _add(diner, margherita)
    page = diner.get(reverse("orders:checkout"))
    margherita.price = Decimal(14)
    margherita.save()
    refused = diner.post(reverse("orders:checkout"), _filled_in(page))
    assert refused.status_code == 409
    assert "now costs" in refused.text
    accepted = diner.post(
        reverse("orders:checkout"), _filled_in(refused, action="accept")
    )
    assert "now costs" not in accepted.text
    placed = diner.post(reverse("orders:checkout"), _filled_in(accepted))
    assert placed.status_code == 302
    assert Order.objects.get().subtotal == Decimal(14)


def test_a_slot_from_the_page_can_be_ordered(diner, margherita):
    _add(diner, margherita)
    page = diner.get(reverse("orders:checkout"))
    slot = page.context["slots"][3].start
    later = diner.post(
        reverse("orders:checkout"),
        _filled_in(page, when=slot.isoformat(), action="update"),
    )
    diner.post(reverse("orders:checkout"), _filled_in(later, when=slot.isoformat()))
    assert Order.objects.get().scheduled_for == slot


def test_a_missing_phone_is_said_at_checkout(diner, margherita):
    _add(diner, margherita)
    page = diner.get(reverse("orders:checkout"))
    response = diner.post(reverse("orders:checkout"), _filled_in(page, phone=""))
    assert response.status_code == 422
    assert "Phone" in response.text
    assert not Order.objects.exists()


def test_a_second_restaurant_asks_before_the_cart_is_replaced(visitor, margherita):
    other = ItemFactory(name="Ramen")
    _add(visitor, margherita)
    asked = _add(visitor, other)
    assert asked.status_code == 409
    assert "Start a new cart" in asked.text
    _add(visitor, other, replace="1")
    assert "Ramen" in visitor.get(reverse("orders:cart-detail")).text


def test_a_choice_that_is_required_is_asked_for(visitor, margherita):
    group = ModifierGroupFactory(
        restaurant=margherita.restaurant, name="Size", min_choices=1
    )
    large = ModifierFactory(group=group, name="Large", price_difference=Decimal(3))
    margherita.item_modifier_groups.create(group=group)
    refused = _add(visitor, margherita)
    assert refused.status_code == 422
    assert "Size" in refused.text
    _add(visitor, margherita, **{f"g-{group.pk}": str(large.public_id)})
    assert "$15.50" in visitor.get(reverse("orders:cart-detail")).text


def test_a_line_is_changed_and_removed(visitor, margherita):
    _add(visitor, margherita)
    page = visitor.get(reverse("orders:cart-detail"))
    line = page.context["quote"].lines[0].line
    change = reverse("orders:cart-change-line", args=[line.public_id])
    visitor.post(change, {"quantity": "3"})
    assert "$37.50" in visitor.get(reverse("orders:cart-detail")).text
    visitor.post(reverse("orders:cart-remove-line", args=[line.public_id]))
    assert "empty" in visitor.get(reverse("orders:cart-detail")).text


def test_a_placed_order_can_be_cancelled_by_its_customer(diner, ada, margherita):
    order = submit(fill_cart(ada, margherita), ada)
    cancel = reverse("orders:order-cancel", args=[order.public_id])
    diner.post(cancel, {"reason": "mistake"})
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED
    assert "You pay nothing." in diner.get(order.get_absolute_url()).text


def test_nobody_sees_the_order_of_another(diner):
    order = OrderFactory()
    assert diner.get(order.get_absolute_url()).status_code == 404


def test_an_order_can_be_had_again(diner, ada, margherita):
    order = submit(fill_cart(ada, margherita), ada)
    diner.post(reverse("orders:order-again", args=[order.public_id]))
    assert "Margherita" in diner.get(reverse("orders:cart-detail")).text


def test_a_completed_order_is_reviewed(diner, ada, margherita):
    order = submit(fill_cart(ada, margherita), ada)
    Order.objects.update(status=Order.Status.DELIVERED)
    review = reverse("orders:order-review", args=[order.public_id])
    diner.post(review, {"food_rating": "5", "text": "Crisp."})
    assert "Crisp." in diner.get(order.get_absolute_url()).text
    assert "Crisp." in diner.get(margherita.restaurant.get_absolute_url()).text


def test_the_history_asks_as_much_for_many_orders_as_for_one(
    diner, ada, django_assert_max_num_queries
):
    OrderFactory.create_batch(15, customer=ada)
    with django_assert_max_num_queries(9):
        diner.get(reverse("orders:order-list"))


def test_the_list_asks_as_much_for_many_restaurants_as_for_one(
    visitor, django_assert_max_num_queries
):
    ItemFactory.create_batch(12)
    with django_assert_max_num_queries(7):
        visitor.get(reverse("restaurants:restaurant-list"))


def test_a_restaurant_asks_as_much_for_many_items_as_for_one(
    visitor, margherita, django_assert_max_num_queries
):
    ItemFactory.create_batch(12, section=margherita.section)
    with django_assert_max_num_queries(16):
        visitor.get(margherita.restaurant.get_absolute_url())


def test_a_switch_to_pickup_is_shown_before_it_is_ordered(diner, margherita):
    _add(diner, margherita)
    page = diner.get(reverse("orders:checkout"))
    switched = _filled_in(page, fulfilment="pickup")
    shown = diner.post(reverse("orders:checkout"), switched)
    assert "Ready to collect" in shown.text
    assert not Order.objects.exists()
