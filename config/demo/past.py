"""A month of orders behind the demo city, as its services would have left them.

They are written as rows, since no service places an order in the past. Amounts come
from the same pure rules, moments lie within opening hours, and the same constraints
hold. Nobody is told about them.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from config.demo.people import HOMES, TIME_ZONE
from customers.models import User
from delivery.models import Delivery
from menus.models import Item
from orders.models import (
    Order,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
    OrderNumber,
    Review,
)
from orders.pricing import PricedLine, compute_totals
from restaurants.estimating import estimate_window
from restaurants.geo import great_circle_distance
from restaurants.models import Fulfilment, Restaurant
from restaurants.opening import Span, SpecialSpan, WeeklySpan, opening_spans

ORDERS_EACH = 7
DAYS = timedelta(days=30)
Status = Order.Status
By = OrderEvent.Actor
Reason = OrderEvent.Reason
DELIVERED = (
    (Status.ACCEPTED, 2),
    (Status.PREPARING, 3),
    (Status.READY, 15),
    (Status.OUT_FOR_DELIVERY, 4),
    (Status.DELIVERED, 14),
)
COLLECTED = (
    (Status.ACCEPTED, 2),
    (Status.PREPARING, 3),
    (Status.READY, 15),
    (Status.COLLECTED, 7),
)
PRAISE = (
    "Hot, fast, and exactly what I asked for.",
    "Third time this month. It will not be the last.",
    "The portion fed two of us.",
    "You can taste that somebody cares.",
    "Better than what I had in the restaurant across the street.",
    "",
    "",
    "Packed so well that nothing had moved.",
)
DOUBT = (
    "Good, but it came ten minutes after the promised time.",
    "A bit salty today. Still ordering again.",
    "Fine for a weekday.",
    "",
)
COMPLAINT = (
    "One dish was missing. They called and made it right.",
    "Lukewarm when it arrived.",
)
COURIERS = ("Alma Reyes", "Kofi Brandt", "Jo Lindgren", "Tess Moreau")


@dataclass
class Story:
    """One order and what goes with it, before any of it has an id."""

    order: Order
    lines: list[tuple[OrderLine, list[OrderLineModifier]]]
    events: list[OrderEvent]
    review: Review | None
    delivery: Delivery | None


def load_past(
    restaurants: Sequence[Restaurant], customers: Sequence[User], now: datetime
) -> int:
    """Write past orders for every restaurant; return how many."""
    stories: list[Story] = []
    for seed, restaurant in enumerate(restaurants):
        stories += _Past(restaurant, customers, now, random.Random(seed)).tell()  # noqa: S311
    _save(stories)
    _count_ratings()
    return len(stories)


@dataclass
class _Past:
    restaurant: Restaurant
    customers: Sequence[User]
    now: datetime
    dice: random.Random

    def tell(self) -> list[Story]:
        items = list(
            self.restaurant.items.prefetch_related("modifier_groups__modifiers")
        )
        moments = sorted(self._moments())
        return [
            self._story(number, moment, items)
            for number, moment in enumerate(moments, 1)
        ]

    def _moments(self) -> list[datetime]:
        spans = [it for it in self._spans() if it[1] - it[0] > timedelta(hours=1)]
        return [self._moment_in(self.dice.choice(spans)) for _ in range(ORDERS_EACH)]

    def _moment_in(self, span: Span) -> datetime:
        room = (span[1] - span[0] - timedelta(hours=1)).total_seconds()
        return span[0] + timedelta(seconds=int(self.dice.uniform(0, room)))

    def _spans(self) -> list[Span]:
        weekly = [
            WeeklySpan(it.weekday, it.opens_at, it.closes_at)
            for it in self.restaurant.opening_hours.all()
        ]
        none: list[SpecialSpan] = []
        return opening_spans(
            weekly,
            none,
            time_zone=self.restaurant.time_zone,
            since=self.now - DAYS,
            until=self.now - timedelta(hours=2),
        )

    def _story(self, number: int, placed_at: datetime, items: list[Item]) -> Story:
        is_delivery = self.dice.random() < 0.75  # noqa: PLR2004
        customer = self.dice.choice(self.customers)
        lines = [self._line(item) for item in self.dice.sample(items, 2)]
        order = self._order(number, placed_at, customer, lines, is_delivery=is_delivery)
        events = self._events(order)
        review = self._review(order)
        return Story(order, lines, events, review, self._delivery(order))

    def _line(self, item: Item) -> tuple[OrderLine, list[OrderLineModifier]]:
        chosen = [
            modifier
            for group in item.modifier_groups.all()
            for modifier in list(group.modifiers.all())[: group.min_choices]
        ]
        price = item.price + sum((it.price_difference for it in chosen), Decimal(0))
        quantity = self.dice.choice((1, 1, 2))
        line = OrderLine(
            item=item,
            name=item.name,
            quantity=quantity,
            unit_price=price,
            amount=price * quantity,
            tax_rate=self.restaurant.tax_rate,
            allergens=sorted(
                {*item.allergens, *(code for it in chosen for code in it.allergens)}
            ),
        )
        modifiers = [
            OrderLineModifier(
                line=line,
                modifier=it,
                name=it.name,
                price_difference=it.price_difference,
            )
            for it in chosen
        ]
        return line, modifiers

    def _order(
        self,
        number: int,
        placed_at: datetime,
        customer: User,
        lines: list[tuple[OrderLine, list[OrderLineModifier]]],
        *,
        is_delivery: bool,
    ) -> Order:
        restaurant = self.restaurant
        _label, street, postal_code, latitude, longitude, instructions = HOMES[0]
        place = (float(latitude), float(longitude))
        distance = great_circle_distance(
            *place, restaurant.latitude, restaurant.longitude
        )
        totals = compute_totals(
            [PricedLine(it.unit_price, it.quantity, it.tax_rate) for it, _ in lines],
            delivery_fee=restaurant.delivery_fee if is_delivery else Decimal(0),
            tip=Decimal(self.dice.choice((0, 0, 2, 3))) if is_delivery else Decimal(0),
            currency=restaurant.currency,
            prices_include_tax=False,
        )
        due_at = placed_at + timedelta(minutes=restaurant.preparation_minutes)
        window = estimate_window(
            ready_at=due_at,
            distance=distance if is_delivery else None,
        )
        where = {
            "address": f"{street}, {postal_code}, San Francisco, US",
            "latitude": place[0],
            "longitude": place[1],
            "distance": distance,
            "delivery_instructions": instructions,
        }
        return Order(
            number=number,
            region_id=restaurant.region_id,
            restaurant=restaurant,
            customer=customer,
            idempotency_key=uuid.uuid4(),
            fulfilment=Fulfilment.DELIVERY if is_delivery else Fulfilment.PICKUP,
            payment_method=Order.PaymentMethod.CASH,
            restaurant_name=restaurant.name,
            customer_name=customer.name,
            customer_phone=str(customer.phone),
            currency=restaurant.currency,
            subtotal=totals.subtotal,
            delivery_fee=totals.delivery_fee,
            tax=totals.tax,
            tip=totals.tip,
            total=totals.total,
            placed_at=placed_at,
            answer_by=placed_at + timedelta(minutes=restaurant.answer_minutes),
            preparation_minutes=restaurant.preparation_minutes,
            due_at=due_at,
            promised_from=window.start,
            promised_until=window.end,
            current_from=window.start,
            current_until=window.end,
            service_day=placed_at.astimezone(ZoneInfo(TIME_ZONE)).date(),
            **(where if is_delivery else {}),
        )

    def _events(self, order: Order) -> list[OrderEvent]:
        """Lead the order to its end and return the steps it took."""
        fate = self.dice.random()
        if fate < 0.04:  # noqa: PLR2004
            return self._ended(order, Status.REJECTED, By.RESTAURANT, Reason.TOO_BUSY)
        if fate < 0.08:  # noqa: PLR2004
            return self._ended(order, Status.CANCELLED, By.CUSTOMER, Reason.MISTAKE)
        steps = DELIVERED if order.fulfilment == Fulfilment.DELIVERY else COLLECTED
        at = order.placed_at
        events = [_event(order, at, By.CUSTOMER, "", Status.PLACED)]
        for (before, _), (after, minutes) in pairwise(((Status.PLACED, 0), *steps)):
            at += timedelta(minutes=minutes, seconds=self.dice.randrange(60))
            events.append(_event(order, at, By.RESTAURANT, before, after))
        order.status = steps[-1][0]
        moments = {event.to_status: event.at for event in events}
        order.accepted_at = moments[Status.ACCEPTED]
        order.ready_at = moments[Status.READY]
        order.out_at = moments.get(Status.OUT_FOR_DELIVERY)
        order.ended_at = at
        order.payment_status = Order.PaymentStatus.CAPTURED
        return events

    def _ended(
        self, order: Order, status: Status, actor: By, reason: Reason
    ) -> list[OrderEvent]:
        at = order.placed_at + timedelta(minutes=3)
        order.status = status
        order.ended_at = at
        order.end_actor, order.end_reason = actor, reason
        order.payment_status = Order.PaymentStatus.VOIDED
        end = _event(order, at, actor, Status.PLACED, status)
        end.reason = reason
        return [_event(order, order.placed_at, By.CUSTOMER, "", Status.PLACED), end]

    def _review(self, order: Order) -> Review | None:
        if order.status not in Order.COMPLETED or self.dice.random() < 0.3:  # noqa: PLR2004
            return None
        rating = self.dice.choice((5, 5, 5, 4, 4, 4, 3, 2))
        words = {5: PRAISE, 4: PRAISE, 3: DOUBT}.get(rating, COMPLAINT)
        is_delivery = order.fulfilment == Fulfilment.DELIVERY
        assert order.ended_at is not None
        return Review(
            order=order,
            restaurant=order.restaurant,
            food_rating=rating,
            delivery_rating=min(5, rating + 1) if is_delivery else None,
            text=self.dice.choice(words),
            created_at=order.ended_at + timedelta(hours=1),
        )

    def _delivery(self, order: Order) -> Delivery | None:
        if order.status != Status.DELIVERED:
            return None
        return Delivery(
            order=order,
            status=Delivery.Status.HANDED_OVER,
            courier_name=self.dice.choice(COURIERS),
        )


def _event(
    order: Order, at: datetime, actor: By, before: str, after: str
) -> OrderEvent:
    is_first = not before
    return OrderEvent(
        order=order,
        at=at,
        actor=actor,
        from_status=before,
        to_status=after,
        window_before_from=None if is_first else order.promised_from,
        window_before_until=None if is_first else order.promised_until,
        window_after_from=order.promised_from,
        window_after_until=order.promised_until,
    )


def _save(stories: list[Story]) -> None:
    Order.objects.bulk_create(story.order for story in stories)
    for story in stories:
        for line, _modifiers in story.lines:
            line.order = story.order
    lines = [line for story in stories for line in story.lines]
    OrderLine.objects.bulk_create(line for line, _modifiers in lines)
    OrderLineModifier.objects.bulk_create(it for _line, some in lines for it in some)
    OrderEvent.objects.bulk_create(it for story in stories for it in story.events)
    Review.objects.bulk_create(it.review for it in stories if it.review)
    Delivery.objects.bulk_create(it.delivery for it in stories if it.delivery)
    OrderNumber.objects.bulk_create(
        OrderNumber(restaurant_id=pk, last=ORDERS_EACH)
        for pk in dict.fromkeys(story.order.restaurant_id for story in stories)
    )


def _count_ratings() -> None:
    reviews = (
        Review.objects.filter(restaurant=OuterRef("pk"))
        .order_by()
        .values("restaurant")
        .annotate(total=Sum("food_rating"), count=Count("pk"))
    )
    Restaurant.objects.filter(source="demo").update(
        rating_total=Coalesce(Subquery(reviews.values("total")), 0),
        rating_count=Coalesce(Subquery(reviews.values("count")), 0),
    )
