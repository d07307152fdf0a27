"""What the API views for customers share: places, amounts and carts out of requests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from customers.models import Address, User
from customers.places import ChosenPlace, get_usual_place, place_of_address
from customers.selectors import get_address_for_customer
from notifications.fields import major_units
from notifications.opaque import pk_of
from orders import services
from orders.exceptions import OrderError
from orders.models import Cart, Order
from orders.selectors import get_own_cart
from orders.services import Quote
from orders.services.lifecycle import state_of
from restaurants.models import Fulfilment

# What ids of addresses are made of.
ADDRESS = "address"
UNKNOWN_ADDRESS = "This is none of your addresses."
OTHER_CURRENCY = "The prices are in another currency."


def fault(field: str, words: str, code: str) -> ValidationError:
    """Return the error that says what is wrong with a field of the request."""
    return ValidationError({field: [ErrorDetail(words, code=code)]})


def where_to(
    asked: Mapping[str, Any], user: User, fulfilment: str
) -> ChosenPlace | None:
    """Return where a request wants food brought; ValidationError for an address.

    That is a place of its own, or one of the user's addresses, or else the one that
    they chose, if they did. Pickup needs none.
    """
    place = asked.get("place")
    if place is not None:
        known = {name: part for name, part in place.items() if part is not None}
        return ChosenPlace(**{"label": known.get("street_address", ""), **known})
    if "address_id" not in asked:
        return get_usual_place(user) if fulfilment == Fulfilment.DELIVERY else None
    pk = pk_of(ADDRESS, asked["address_id"])
    try:
        address = get_address_for_customer(customer=user, address_pk=pk or 0)
    except Address.DoesNotExist as error:
        raise fault("address_id", UNKNOWN_ADDRESS, "not_found") from error
    return place_of_address(address)


def amount_in(
    asked: Mapping[str, Any], field: str, currency: str | None
) -> Decimal | None:
    """Return an amount out of a request, if it is there; ValidationError.

    Its currency must be that of the prices; without a cart, none is known.
    """
    money = asked.get(field)
    if money is None:
        return None
    if currency is not None and money["currency"] != currency:
        error = ErrorDetail(OTHER_CURRENCY, code="other_currency")
        raise ValidationError({field: {"currency": [error]}})
    return major_units(money["amount"], currency or "USD")


def cart_for(user: User) -> Cart:
    """Return the cart of a person, with its restaurant."""
    return get_own_cart(user) or services.get_or_create_cart(user=user)


def quote_asked(cart: Cart, user: User, asked: Mapping[str, Any]) -> Quote:
    """Quote a cart as a request asks for it: what it does not say is as in the cart."""
    cart.fulfilment = Fulfilment(asked.get("fulfilment", cart.fulfilment))
    return services.quote_cart(
        cart=cart,
        place=where_to(asked, user, cart.fulfilment),
        scheduled_for=asked.get("scheduled_for"),
        tip=amount_in(asked, "tip", currency_of(cart)) or Decimal(0),
        tip_percent=asked.get("tip_percent"),
    )


def currency_of(cart: Cart) -> str | None:
    """Return the currency of what is in a cart; None for an empty one."""
    return cart.restaurant.currency if cart.restaurant else None


@contextmanager
def telling_state(order: Order) -> Iterator[None]:
    """Have a refusal say how the order stands, for who acts on what is over."""
    try:
        yield
    except OrderError as error:
        if error.state is None:
            order.refresh_from_db(fields=["status"])
            error.state = state_of(order)
        raise
