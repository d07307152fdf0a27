"""What a cart costs now, when it would come, and all that stands against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from customers.places import ChosenPlace
from menus.exceptions import MenuError
from menus.models import Item
from menus.pricing import (
    ChosenModifier,
    unit_price,
    validate_choices,
)
from menus.selectors import is_on_sale
from menus.templatetags.money import money
from orders.exceptions import (
    CartEmptyError,
    OrderProblem,
    PriceChangedError,
)
from orders.models import (
    Cart,
    CartLine,
)
from orders.pricing import (
    PricedLine,
    Totals,
    compute_totals,
    is_whole_amount,
    round_amount,
)
from orders.selectors import WholeCart, choices_of, load_whole_cart
from orders.services.slots import (
    BOOKING_HORIZON,
    Slot,
    Wanted,
    count_starts,
    is_full,
    list_free_slots,
    quarter_of,
    slot_at,
)
from restaurants.availability import Orderability, check_orderability
from restaurants.estimating import Window, estimate_window
from restaurants.models import Fulfilment, Restaurant

# A tip beyond both is taken for a slip of the finger.
GENEROUS_TIP = Decimal(100)
KITCHEN_FULL = gettext_lazy("The kitchen has as many orders as it can make then.")
NOT_SERVED = "item_not_available"
# What a later moment would mend: the customer is offered that moment.
MENDED_BY_WAITING = {
    *("restaurant_closed", "restaurant_paused", "restaurant_unattended"),
    *("slot_passed", "kitchen_full", NOT_SERVED),
}


@dataclass(frozen=True)
class QuotedLine:
    line: CartLine
    item: Item
    chosen: list[ChosenModifier]
    unit_price: Decimal
    amount: Decimal
    tax_rate: Decimal
    problems: list[OrderProblem] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        return self.line.quantity


@dataclass(frozen=True)
class Quote:
    """A cart as it would be ordered now, and all that stands against it."""

    restaurant: Restaurant
    fulfilment: str
    lines: list[QuotedLine]
    currency: str
    subtotal: Decimal
    delivery_fee: Decimal
    tax: Decimal
    tip: Decimal
    total: Decimal
    prices_include_tax: bool
    # Where to bring it; None for pickup, and where nobody knows.
    place: ChosenPlace | None
    distance: float | None
    # When the kitchen would start: the slot asked for, else now.
    moment: datetime
    scheduled_for: datetime | None
    preparation_time: timedelta
    window: Window
    problems: list[OrderProblem]
    # The next slot that can be had, when the moment asked for cannot.
    proposed_slot: datetime | None
    # How many orders the kitchen starts in the quarter hours to come.
    starts: Mapping[datetime, int] = field(default_factory=dict)

    @property
    def can_order(self) -> bool:
        return not self.problems

    @property
    def missing_to_minimum(self) -> Decimal:
        return missing_to_minimum(self.restaurant, self.subtotal)

    @property
    def wanted(self) -> list[Wanted]:
        return [Wanted.of(quoted.line, quoted.item) for quoted in self.lines]

    @property
    def needs_waiting(self) -> list[OrderProblem]:
        """What stands against it that a later moment would mend.

        What is never served together, or not at all any more, is no matter of time.
        """
        return [
            one
            for one in self.problems
            if one.code in MENDED_BY_WAITING
            and (one.code != NOT_SERVED or self.proposed_slot is not None)
        ]

    def is_served_at(self, moment: datetime) -> bool:
        """Tell whether all of it is on menus served at a moment; no query."""
        return all(is_on_sale(quoted.item, moment=moment) for quoted in self.lines)


def quote_cart(
    *,
    cart: Cart,
    place: ChosenPlace | None,
    now: datetime | None = None,
    scheduled_for: datetime | None = None,
    tip: Decimal = Decimal(0),
    tip_percent: int | None = None,
) -> Quote:
    """Price a cart and list everything that keeps it from being ordered.

    The tip is an amount, or `tip_percent` of the subtotal. CartEmptyError when there is
    nothing in it. One query, and one more where the kitchen has a limit.
    """
    now = now or timezone.now()
    whole = load_whole_cart(cart_pk=cart.pk)
    if whole is None:
        raise CartEmptyError(_("Your cart is empty. It may have been ordered already."))
    restaurant = whole.restaurant
    moment = scheduled_for or now
    answer = check_orderability(
        restaurant,
        moment=moment,
        place=(place.latitude, place.longitude) if place else None,
        fulfilment=cart.fulfilment,
        is_scheduled=scheduled_for is not None,
    )
    quoted = _quote_lines(whole, moment, is_now=scheduled_for is None)
    starts = count_starts(restaurant, now=now)
    fee = Decimal(0)
    if cart.fulfilment == Fulfilment.DELIVERY:
        fee = restaurant.delivery_fee_at(answer.distance)
    totals = _total(
        restaurant,
        quoted,
        delivery_fee=fee,
        tip=tip if tip_percent is None else _share(quoted, tip_percent, restaurant),
    )
    problems = [
        *_moment_problems(answer, now=now, scheduled_for=scheduled_for),
        *_capacity_problems(answer, restaurant, starts, moment),
        *(problem for line in quoted for problem in line.problems),
        *_amount_problems(restaurant, totals),
    ]
    preparation_time = timedelta(minutes=restaurant.preparation_minutes_at(moment))
    slots = []
    if any(problem.code in MENDED_BY_WAITING for problem in problems):
        wanted = [Wanted.of(one.line, one.item) for one in quoted]
        slots = list_free_slots(restaurant, now=now, starts=starts, wanted=wanted)
    return Quote(
        restaurant=restaurant,
        fulfilment=cart.fulfilment,
        lines=quoted,
        currency=restaurant.currency,
        subtotal=totals.subtotal,
        delivery_fee=totals.delivery_fee,
        tax=totals.tax,
        tip=totals.tip,
        total=totals.total,
        prices_include_tax=restaurant.prices_include_tax,
        place=place if cart.fulfilment == Fulfilment.DELIVERY else None,
        distance=answer.distance,
        moment=moment,
        scheduled_for=scheduled_for,
        preparation_time=preparation_time,
        window=estimate_window(
            ready_at=moment + preparation_time, distance=answer.distance
        ),
        problems=problems,
        # The one after what was asked for, else the first there is.
        proposed_slot=next(
            (slot for slot in slots if slot > moment), next(iter(slots), None)
        ),
        starts=starts,
    )


def list_slots(quote: Quote, *, now: datetime) -> list[Slot]:
    """Return the later times at which a quoted cart can be had; no query."""
    starts = list_free_slots(
        quote.restaurant, now=now, starts=quote.starts, wanted=quote.wanted
    )
    return [slot_at(quote.restaurant, start, quote.distance) for start in starts]


def _quote_lines(
    cart: WholeCart, moment: datetime, *, is_now: bool
) -> list[QuotedLine]:
    wanted: dict[int, int] = {}
    for line in cart.lines:
        wanted[line.item_id] = wanted.get(line.item_id, 0) + line.quantity
    return [
        _quote_line(
            line,
            restaurant=cart.restaurant,
            moment=moment,
            is_now=is_now,
            wanted=wanted[line.item_id],
        )
        for line in cart.lines
    ]


def _quote_line(
    line: CartLine,
    *,
    restaurant: Restaurant,
    moment: datetime,
    is_now: bool,
    wanted: int,
) -> QuotedLine:
    item = line.item
    problems = []

    def add(code: str, message: StrOrPromise) -> None:
        problems.append(OrderProblem(code, message, line.public_id))

    if not is_on_sale(item, moment=moment) or item.restaurant_id != restaurant.pk:
        then = _("“%(name)s” is not served at the time you chose.")
        add(NOT_SERVED, _("“%(name)s” is not served now.") if is_now else then)
    elif item.is_sold_out_at(moment):
        add("item_sold_out", _("“%(name)s” is sold out."))
    elif item.portions_left is not None and item.portions_left < wanted:
        add("item_sold_out", _("There are not enough portions of “%(name)s” left."))
    problems = [
        OrderProblem(one.code, str(one.message) % {"name": item.name}, one.line)
        for one in problems
    ]
    price, chosen = line.unit_price_seen, list[ChosenModifier]()
    try:
        chosen = validate_choices(item, choices_of(line), moment=moment)
    except MenuError as error:
        problems.append(OrderProblem(error.code, error.message, line.public_id))
    else:
        price = unit_price(item, chosen)
    if price != line.unit_price_seen:
        problems.append(_price_changed(line, item, price, restaurant.currency))
    return QuotedLine(
        line=line,
        item=item,
        chosen=chosen,
        unit_price=price,
        amount=price * line.quantity,
        tax_rate=restaurant.tax_rate if item.tax_rate is None else item.tax_rate,
        problems=problems,
    )


def _price_changed(
    line: CartLine, item: Item, price: Decimal, currency: str
) -> OrderProblem:
    message = _("“%(name)s” now costs %(new)s instead of %(old)s.") % {
        "name": item.name,
        "new": money(price, currency),
        "old": money(line.unit_price_seen, currency),
    }
    return OrderProblem(PriceChangedError.default_code, message, line.public_id)


def _total(
    restaurant: Restaurant,
    lines: Sequence[QuotedLine],
    *,
    delivery_fee: Decimal,
    tip: Decimal,
) -> Totals:
    return compute_totals(
        [PricedLine(line.unit_price, line.quantity, line.tax_rate) for line in lines],
        delivery_fee=delivery_fee,
        tip=tip,
        currency=restaurant.currency,
        prices_include_tax=restaurant.prices_include_tax,
    )


def _share(
    lines: Sequence[QuotedLine], percent: int, restaurant: Restaurant
) -> Decimal:
    subtotal = sum((line.amount for line in lines), Decimal(0))
    return round_amount(subtotal * percent / 100, restaurant.currency)


def _capacity_problems(
    answer: Orderability,
    restaurant: Restaurant,
    starts: Mapping[datetime, int],
    moment: datetime,
) -> list[OrderProblem]:
    if not answer.can_order or not is_full(restaurant, starts, moment):
        return []
    return [OrderProblem("kitchen_full", KITCHEN_FULL)]


def _moment_problems(
    answer: Orderability, *, now: datetime, scheduled_for: datetime | None
) -> list[OrderProblem]:
    problems = []
    if not answer.can_order:
        problems.append(OrderProblem(answer.code, answer.message))
    if scheduled_for is None:
        return problems
    if scheduled_for < now:
        problems.append(
            OrderProblem("slot_passed", _("The time you chose has passed."))
        )
    elif scheduled_for > now + BOOKING_HORIZON or not _is_slot(scheduled_for):
        problems.append(
            OrderProblem("slot_not_offered", _("Choose one of the times offered."))
        )
    return problems


def _is_slot(moment: datetime) -> bool:
    return moment == quarter_of(moment)


def missing_to_minimum(restaurant: Restaurant, subtotal: Decimal) -> Decimal:
    """Return how much more a restaurant wants in a cart; 0 when it is enough."""
    return max(restaurant.minimum_order - subtotal, Decimal(0))


def _amount_problems(restaurant: Restaurant, totals: Totals) -> list[OrderProblem]:
    problems = []
    missing = missing_to_minimum(restaurant, totals.subtotal)
    if missing:
        message = _("The minimum order is %(minimum)s; add %(missing)s more.") % {
            "minimum": money(restaurant.minimum_order, restaurant.currency),
            "missing": money(missing, restaurant.currency),
        }
        problems.append(OrderProblem("below_minimum", message))
    is_sane = 0 <= totals.tip <= max(totals.subtotal, GENEROUS_TIP)
    if not is_sane or not is_whole_amount(totals.tip, restaurant.currency):
        problems.append(OrderProblem("tip_invalid", _("Enter a smaller tip, or none.")))
    return problems
