"""Reads of carts, for those whose they are."""

from django.db import connection
from django.db.models import Prefetch, Q, Sum

from customers.models import User
from menus.pricing import Choice
from notifications.prepared import fetch_rows
from orders.models import Cart, CartLine, CartLineModifier
from restaurants.models import Restaurant

CART_FIELDS = ("id", "token", "user_id", "restaurant_id", "fulfilment", "updated_at")
PLACE_FIELDS = ("id", "name", "currency")
OWN_CART = """
SELECT cart.id, cart.token, cart.user_id, cart.restaurant_id, cart.fulfilment,
       cart.updated_at, place.id, place.name, place.currency
  FROM orders_cart cart
  LEFT JOIN restaurants_restaurant place ON place.id = cart.restaurant_id
 WHERE cart.user_id = %s
"""


def get_cart(*, user: User | None, token: str | None) -> Cart | None:
    """Return the cart of a person, or of a signed-out visitor's token; None if none."""
    carts = Cart.objects.select_related("restaurant")
    if user is not None:
        return carts.filter(user=user).first()
    return carts.filter(token=token, user=None).first() if token else None


def get_own_cart(user: User) -> Cart | None:
    """Return the cart of a person for an app, which asks for it with each request.

    Of its restaurant it knows what it is called, and in what it is paid.
    """
    rows = fetch_rows(OWN_CART, [user.pk])
    if not rows:
        return None
    names = len(CART_FIELDS)
    cart = Cart.from_db(connection.alias, CART_FIELDS, rows[0][:names])
    if cart.restaurant_id is not None:
        place = rows[0][names:]
        cart.restaurant = Restaurant.from_db(connection.alias, PLACE_FIELDS, place)
    cart.user = user
    return cart


def list_cart_lines(*, cart: Cart) -> list[CartLine]:
    """Return the lines with items and modifiers loaded, in two queries."""
    modifiers = CartLineModifier.objects.select_related("modifier")
    return list(
        cart.lines.select_related("item").prefetch_related(
            Prefetch("modifiers", modifiers)
        )
    )


def choices_of(line: CartLine) -> list[Choice]:
    """Return what was chosen on a line from list_cart_lines, nested as it was."""
    rows = list(line.modifiers.all())
    children: dict[int, list[Choice]] = {}
    for row in rows:
        if row.parent_id is not None:
            children.setdefault(row.parent_id, []).append(
                Choice(row.modifier.public_id)
            )
    return [
        Choice(row.modifier.public_id, children.get(row.pk, []))
        for row in rows
        if row.parent_id is None
    ]


def count_cart_items(*, user: User | None, token: str | None) -> int:
    """Return how many items a cart holds, for the badge on every page."""
    owner = Q(cart__user=user) if user else Q(cart__token=token, cart__user=None)
    if user is None and not token:
        return 0
    total: int | None = CartLine.objects.filter(owner).aggregate(n=Sum("quantity"))["n"]
    return total or 0
