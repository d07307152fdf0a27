"""From cart to order, under locks.

Lock order: the cart's row (which also serializes equal idempotency keys, since a
customer has one cart), then items by pk, then the restaurant's last order number, which
serializes its placings: how many orders the kitchen starts when is counted again under
it. A hot item or number is locked last and only for the inserts that follow.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from customers.places import ChosenPlace
from customers.services import register_guest
from menus.exceptions import ItemSoldOutError
from menus.services import take_portions
from menus.templatetags.money import money
from notifications.prepared import fetch_rows
from orders.exceptions import (
    IdempotencyKeyReusedError,
    ItemRefusedError,
    NotOrderableError,
    OrderError,
    OrderProblem,
    PriceChangedError,
    WindowMovedError,
)
from orders.models import Cart, Order, OrderEvent
from orders.payments import get_provider
from orders.services.guests import Guest, new_guest_token
from orders.services.lifecycle import Actor, first_event
from orders.services.quoting import KITCHEN_FULL, Quote, quote_cart
from orders.services.slots import count_starts, is_full, list_free_slots
from orders.services.telling import tell_step
from orders.services.writing import NewLine, write_order
from restaurants.availability import known_spans
from restaurants.estimating import Window, travel_time
from restaurants.models import Fulfilment
from restaurants.opening import span_at

WINDOW_STEP = timedelta(minutes=5)
LOCK_CART_OF_USER = """
SELECT id, fulfilment FROM orders_cart WHERE id = %s AND user_id = %s FOR UPDATE
"""
LOCK_CART_OF_GUEST = """
SELECT id, fulfilment FROM orders_cart
 WHERE id = %s AND user_id IS NULL AND token = %s FOR UPDATE
"""
PLACED_BY_USER = """
SELECT id FROM orders_order WHERE idempotency_key = %s AND customer_id = %s
"""
PLACED_BY_GUEST = """
SELECT id FROM orders_order WHERE idempotency_key = %s AND guest_token IS NOT NULL
"""
NEXT_NUMBER = """
INSERT INTO orders_ordernumber AS number (restaurant_id, last) VALUES (%s, 1)
    ON CONFLICT (restaurant_id) DO UPDATE SET last = number.last + 1
RETURNING last
"""


@dataclass(frozen=True)
class Wish:
    """What the customer filled in at checkout, and what it is known by."""

    idempotency_key: UUID
    request_digest: str
    fulfilment: str
    place: ChosenPlace | None
    scheduled_for: datetime | None
    tip: Decimal
    tip_percent: int | None
    kitchen_note: str
    name: str
    phone: str
    seen_window: Window | None
    seen_total: Decimal | None


def place_order(  # noqa: PLR0913
    *,
    cart_pk: int,
    customer: User | Guest,
    idempotency_key: UUID,
    place: ChosenPlace | None,
    fulfilment: str,
    scheduled_for: datetime | None = None,
    tip: Decimal = Decimal(0),
    tip_percent: int | None = None,
    kitchen_note: str = "",
    phone: str = "",
    name: str = "",
    seen_window: Window | None = None,
    seen_total: Decimal | None = None,
    request_digest: str = "",
) -> Order:
    """Turn the customer's cart into an order and empty it; everything is read again.

    The same key returns the order it made, which `is_repeat` then; with another digest
    of what was asked for, it is refused: IdempotencyKeyReusedError. Raises, changing
    nothing: CartEmptyError, WindowMovedError (ask, with its slot), PriceChangedError
    (ask, see problems), NotOrderableError and ItemRefusedError. Cart.DoesNotExist for
    another's cart.
    """
    wish = Wish(
        idempotency_key=idempotency_key,
        request_digest=request_digest,
        fulfilment=Fulfilment(fulfilment),
        place=place,
        scheduled_for=scheduled_for,
        tip=tip,
        tip_percent=tip_percent,
        kitchen_note=kitchen_note,
        name=name or customer.name or customer.email.split("@")[0],
        phone=phone or str(customer.phone),
        seen_window=seen_window,
        seen_total=seen_total,
    )
    try:
        return _place(cart_pk, customer, wish)
    except (OrderError, IntegrityError):
        # A repetition: the cart is empty by now, or a constraint refuses the key.
        placed = find_placed_order(
            customer=customer,
            idempotency_key=idempotency_key,
            request_digest=request_digest,
        )
        if placed is None:
            raise
        return placed


@transaction.atomic
def _place(cart_pk: int, customer: User | Guest, wish: Wish) -> Order:
    cart = _lock_cart(cart_pk, customer)
    cart.fulfilment = wish.fulfilment
    now = timezone.now()
    quote = quote_cart(
        cart=cart,
        place=wish.place,
        now=now,
        scheduled_for=wish.scheduled_for,
        tip=wish.tip,
        tip_percent=wish.tip_percent,
    )
    _check_quote(quote, wish)
    _take_portions(quote)
    number = next_number(quote.restaurant.pk)
    _check_capacity(quote, now)
    order = _create_order(quote, wish, number, now)
    _name_customer(order, customer)
    event = first_event(order, actor=Actor(OrderEvent.Actor.CUSTOMER, order.customer))
    write_order(order, event, _new_lines(quote), cart=cart)
    _authorize(order)
    tell_step(order, event)
    return order


def _authorize(order: Order) -> None:
    status = get_provider(order.payment_method).authorize(order)
    if status != order.payment_status:
        order.payment_status = status
        order.save(update_fields=["payment_status"])


def find_placed_order(
    *, customer: User | Guest, idempotency_key: UUID, request_digest: str
) -> Order | None:
    """Return the order that place_order would return for a key it knows, if it does.

    So that a repetition is answered whatever became of the cart and the addresses.
    IdempotencyKeyReusedError as there.
    """
    placed = _find_placed(customer, idempotency_key)
    return None if placed is None else _repeat(placed, request_digest)


def _lock_cart(cart_pk: int, customer: User | Guest) -> Cart:
    if isinstance(customer, Guest):
        rows = fetch_rows(LOCK_CART_OF_GUEST, [cart_pk, customer.cart_token])
    else:
        rows = fetch_rows(LOCK_CART_OF_USER, [cart_pk, customer.pk])
    if not rows:
        raise Cart.DoesNotExist
    return Cart.from_db(connection.alias, ["id", "fulfilment"], rows[0])


def _find_placed(customer: User | Guest, key: UUID) -> Order | None:
    if isinstance(customer, Guest):
        # The key is known to who was shown the page it was made for.
        rows = fetch_rows(PLACED_BY_GUEST, [key])
    else:
        rows = fetch_rows(PLACED_BY_USER, [key, customer.pk])
    # Nearly always there is none.
    return Order.objects.get(pk=rows[0][0]) if rows else None


def _repeat(placed: Order, request_digest: str) -> Order:
    if request_digest and placed.request_digest != request_digest:
        raise IdempotencyKeyReusedError(
            _("This key was used for another order. Use a new one.")
        )
    placed.is_repeat = True
    return placed


def _check_capacity(quote: Quote, now: datetime) -> None:
    """Count once more, now that nobody else can place an order at the restaurant."""
    restaurant = quote.restaurant
    starts = count_starts(restaurant, now=now)
    if not is_full(restaurant, starts, quote.moment):
        return
    free = list_free_slots(restaurant, now=now, starts=starts, wanted=quote.wanted)
    later = [slot for slot in free if slot > quote.moment] or free
    raise WindowMovedError(
        KITCHEN_FULL, slot=next(iter(later), None), has_slot=bool(later)
    )


def _check_quote(quote: Quote, wish: Wish) -> None:
    _check_window(quote, wish)
    problems = [*quote.problems, *_wish_problems(wish)]
    price_code = PriceChangedError.default_code
    others = [problem for problem in problems if problem.code != price_code]
    if others:
        raise NotOrderableError(
            others[0].message, code=others[0].code, problems=problems
        )
    if problems:
        raise PriceChangedError(
            " ".join(str(problem.message) for problem in problems), problems=problems
        )
    if wish.seen_total is not None and wish.seen_total != quote.total:
        raise PriceChangedError(
            _("The total is now %(new)s instead of %(old)s.")
            % {
                "new": money(quote.total, quote.currency),
                "old": money(wish.seen_total, quote.currency),
            }
        )


def _wish_problems(wish: Wish) -> list[OrderProblem]:
    problems = []
    if not wish.phone:
        problems.append(
            OrderProblem("phone_missing", _("Give a phone number for questions."))
        )
    is_delivery = wish.fulfilment == Fulfilment.DELIVERY
    if is_delivery and wish.place is not None and not wish.place.street_address:
        problems.append(
            OrderProblem(
                "address_incomplete", _("Give the street and number to deliver to.")
            )
        )
    return problems


def _check_window(quote: Quote, wish: Wish) -> None:
    """Ask rather than move the promise to another service or day."""
    if wish.seen_window is None:
        return
    waiting = quote.needs_waiting
    if waiting:
        raise WindowMovedError(
            waiting[0].message,
            slot=quote.proposed_slot,
            has_slot=quote.proposed_slot is not None,
        )
    if wish.scheduled_for is None and not _is_promise_kept(quote, wish.seen_window):
        raise WindowMovedError(
            _("The time you were shown has passed; please look at the new one."),
            slot=None,
        )


def _is_promise_kept(quote: Quote, seen: Window) -> bool:
    zone = ZoneInfo(quote.restaurant.time_zone)
    days = {window.start.astimezone(zone).date() for window in (seen, quote.window)}
    way = timedelta() if quote.distance is None else travel_time(quote.distance)
    # The window's start was rounded up to its step.
    latest = seen.start - way - quote.preparation_time
    span = span_at(known_spans(quote.restaurant), quote.moment)
    return (
        len(days) == 1
        and span is not None
        and span[0] <= latest
        and latest - WINDOW_STEP < span[1]
    )


def _take_portions(quote: Quote) -> None:
    quantities: dict[int, int] = {}
    for line in quote.lines:
        # What is counted from this moment on, this order came before.
        if line.item.portions_left is not None:
            quantities[line.item.pk] = quantities.get(line.item.pk, 0) + line.quantity
    try:
        take_portions(quantities=quantities)
    except ItemSoldOutError as error:
        raise ItemRefusedError(error.message, code=error.code) from error


def next_number(restaurant_pk: int) -> int:
    """Take the restaurant's next order number; the row stays locked until commit."""
    [(number,)] = fetch_rows(NEXT_NUMBER, [restaurant_pk])
    return int(number)


def _answer_by(quote: Quote, now: datetime) -> datetime:
    """Return the deadline: for a later service it runs from its opening."""
    span = span_at(known_spans(quote.restaurant), quote.moment)
    start = max(now, span[0]) if span else now
    return start + timedelta(minutes=quote.restaurant.answer_minutes)


def _create_order(quote: Quote, wish: Wish, number: int, now: datetime) -> Order:
    """Return the order as it was quoted; whose it is, is not written yet."""
    restaurant = quote.restaurant
    place = wish.place if wish.fulfilment == Fulfilment.DELIVERY else None
    zone = ZoneInfo(restaurant.time_zone)
    return Order(
        idempotency_key=wish.idempotency_key,
        request_digest=wish.request_digest,
        number=number,
        region=restaurant.region,
        restaurant=restaurant,
        status=Order.Status.PLACED,
        fulfilment=wish.fulfilment,
        payment_method=Order.PaymentMethod.CASH,
        restaurant_name=restaurant.name,
        customer_name=wish.name[:120],
        customer_phone=wish.phone[:32],
        address=_address(place)[:400],
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        distance=quote.distance,
        delivery_instructions=place.delivery_instructions[:300] if place else "",
        kitchen_note=wish.kitchen_note.strip()[:300],
        currency=quote.currency,
        subtotal=quote.subtotal,
        delivery_fee=quote.delivery_fee,
        tax=quote.tax,
        prices_include_tax=quote.prices_include_tax,
        tip=quote.tip,
        total=quote.total,
        placed_at=now,
        scheduled_for=quote.scheduled_for,
        answer_by=_answer_by(quote, now),
        preparation_minutes=restaurant.preparation_minutes_at(quote.moment),
        due_at=quote.moment + quote.preparation_time,
        promised_from=quote.window.start,
        promised_until=quote.window.end,
        current_from=quote.window.start,
        current_until=quote.window.end,
        service_day=quote.moment.astimezone(zone).date(),
    )


def _name_customer(order: Order, customer: User | Guest) -> None:
    if isinstance(customer, Guest):
        order.guest_token = new_guest_token()
        order.customer = register_guest(
            email=customer.email,
            name=order.customer_name,
            phone=order.customer_phone,
            locale=customer.locale,
            time_zone=customer.time_zone,
        )
    else:
        order.customer = customer


def _address(place: ChosenPlace | None) -> str:
    if place is None:
        return ""
    parts = (place.street_address, place.postal_code, place.locality, place.country)
    return ", ".join(part for part in parts if part)


def _new_lines(quote: Quote) -> list[NewLine]:
    return [
        NewLine(
            item=quoted.item,
            chosen=quoted.chosen,
            quantity=quoted.quantity,
            unit_price=quoted.unit_price,
            tax_rate=quoted.tax_rate,
            note=quoted.line.note,
        )
        for quoted in quote.lines
    ]
