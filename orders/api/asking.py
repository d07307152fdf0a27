"""What the API views for customers share: places, amounts and carts out of requests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from customers.models import Address, User
from customers.places import ChosenPlace, place_of_address
from customers.selectors import get_address_for_customer
from notifications.fields import major_units
from notifications.opaque import pk_of
from orders import services
from orders.exceptions import OrderError
from orders.models import Cart, Order
from orders.services.lifecycle import state_of

# What ids of addresses are made of.
ADDRESS = "address"
UNKNOWN_ADDRESS = "This is none of your addresses."
OTHER_CURRENCY = "The restaurant's prices are in another currency."


def fault(field: str, words: str, code: str) -> ValidationError:
    """Return the error that says what is wrong with a field of the request."""
    return ValidationError({field: [ErrorDetail(words, code=code)]})


def place_in(asked: Mapping[str, Any], user: User) -> ChosenPlace | None:
    """Return where a request wants food brought; ValidationError for an address.

    That is one of the user's, or a place of its own.
    """
    place = asked.get("place")
    if place is not None:
        label = place.get("street_address", "")
        return ChosenPlace(**{"label": label, **place})
    if "address_id" not in asked:
        return None
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
        raise fault(field, OTHER_CURRENCY, "other_currency")
    return major_units(money["amount"], currency or "USD")


def cart_for(user: User) -> Cart:
    """Return the cart of a person, with its restaurant."""
    return services.get_or_create_cart(user=user)


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
