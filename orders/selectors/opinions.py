"""Reviews and claims, and whether there may still be one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db.models import (
    Avg,
    Count,
    DecimalField,
    Prefetch,
    Q,
    QuerySet,
    TextChoices,
)
from django.utils.translation import gettext_lazy

from orders.models import Claim, ClaimLine, Order, Review
from orders.selectors.paging import PAGE, read_cursor, write_cursor
from restaurants.models import Restaurant

STARS = (5, 4, 3, 2, 1)
# How long after writing a review can be changed, and after the end of an order it can
# be said what was missing or wrong.
REVIEW_EDITABLE = timedelta(days=7)
CLAIMABLE = timedelta(days=7)
# As long as customers are told that a restaurant has for an answer.
PATIENCE = timedelta(hours=48)
# Claims shown that wait for an answer; the next come as these are answered.
MOST_WAITING = 50


@dataclass(frozen=True)
class ReviewPage:
    results: list[Review]
    next_cursor: str | None


@dataclass(frozen=True)
class RatingSummary:
    """What a restaurant's reviews come to; averages with one decimal place."""

    count: int
    food: Decimal | None
    delivery: Decimal | None
    # How many gave how many stars for the food, the most stars first.
    stars: list[tuple[int, int]]


def summarize_reviews(*, restaurant: Restaurant) -> RatingSummary:
    """Return the averages and how many gave each number of stars, in one query."""
    counts = {f"stars_{n}": Count("pk", filter=Q(food_rating=n)) for n in STARS}
    found = Review.objects.filter(restaurant=restaurant).aggregate(
        food=Avg("food_rating", output_field=DecimalField()),
        delivery=Avg("delivery_rating", output_field=DecimalField()),
        **counts,
    )
    stars = [(n, found[f"stars_{n}"]) for n in STARS]
    food, delivery = (
        None if found[name] is None else round(Decimal(found[name]), 1)
        for name in ("food", "delivery")
    )
    return RatingSummary(sum(count for _n, count in stars), food, delivery, stars)


def list_reviews(
    *,
    restaurant: Restaurant,
    stars: int | None = None,
    is_unanswered: bool = False,
    cursor: str | None = None,
    limit: int = PAGE,
) -> ReviewPage:
    """Return a restaurant's reviews with their orders, newest first."""
    return list_reviews_for_restaurants(
        restaurants=[restaurant],
        stars=stars,
        is_unanswered=is_unanswered,
        cursor=cursor,
        limit=limit,
    )


def list_reviews_for_restaurants(
    *,
    restaurants: Iterable[Restaurant],
    stars: int | None = None,
    is_unanswered: bool = False,
    cursor: str | None = None,
    limit: int = PAGE,
) -> ReviewPage:
    """Return the reviews of these restaurants with their orders, newest first."""
    reviews = Review.objects.filter(restaurant__in=[one.pk for one in restaurants])
    if stars is not None:
        reviews = reviews.filter(food_rating=stars)
    if is_unanswered:
        reviews = reviews.filter(answered_at=None)
    if cursor:
        at, pk = read_cursor(cursor)
        reviews = reviews.filter(created_at__lte=at).filter(
            Q(created_at__lt=at) | Q(pk__lt=pk)
        )
    loaded = reviews.select_related("order", "restaurant").defer(
        "restaurant__search_document"
    )
    found = list(loaded.order_by("-created_at", "-pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return ReviewPage(
        found[:limit], write_cursor(last.created_at, last.pk) if last else None
    )


class Past(Protocol):
    """What of an order says whether it can still be rated or complained about."""

    @property
    def customer_id(self) -> int | None: ...
    @property
    def status(self) -> str: ...
    @property
    def is_test(self) -> bool: ...
    @property
    def placed_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...


class ReviewObstacle(TextChoices):
    """Why an order cannot be rated, or its review changed."""

    NOBODYS = "nobodys", gettext_lazy("This order is nobody’s any more.")
    UNFINISHED = "unfinished", gettext_lazy("You can rate an order once you have it.")
    TEST = "test", gettext_lazy("A test order is not rated.")
    LATE = "late", gettext_lazy("A review can be changed for %(days)d days.")

    @property
    def words(self) -> str:
        return str(self.label) % {"days": REVIEW_EDITABLE.days}


class ClaimObstacle(TextChoices):
    """Why nothing can be reported about an order, or no more."""

    NOBODYS = "nobodys", gettext_lazy("This order is nobody’s any more.")
    UNFINISHED = (
        "unfinished",
        gettext_lazy("You can report a problem once you have your order."),
    )
    TEST = "test", gettext_lazy("Nothing is reported about a test order.")
    REPORTED = (
        "reported",
        gettext_lazy("You have reported a problem with this order already."),
    )
    LATE = "late", gettext_lazy("A problem can be reported for %(days)d days.")

    @property
    def words(self) -> str:
        return str(self.label) % {"days": CLAIMABLE.days}


def find_review_obstacle(
    order: Past, review: Review | None, *, now: datetime
) -> ReviewObstacle | None:
    """Return why an order cannot be rated, or its review changed; None when it can."""
    if order.customer_id is None:
        return ReviewObstacle.NOBODYS
    if order.status not in Order.COMPLETED:
        return ReviewObstacle.UNFINISHED
    if order.is_test:
        return ReviewObstacle.TEST
    if review is not None and now > review.created_at + REVIEW_EDITABLE:
        return ReviewObstacle.LATE
    return None


def find_claim_obstacle(
    order: Past, claim: Claim | None, *, now: datetime
) -> ClaimObstacle | None:
    """Return why nothing can be reported about an order; None when something can."""
    if order.customer_id is None:
        return ClaimObstacle.NOBODYS
    if order.status not in Order.COMPLETED:
        return ClaimObstacle.UNFINISHED
    if order.is_test:
        return ClaimObstacle.TEST
    if claim is not None:
        return ClaimObstacle.REPORTED
    if now > (order.ended_at or order.placed_at) + CLAIMABLE:
        return ClaimObstacle.LATE
    return None


@dataclass(frozen=True)
class ClaimPage:
    """A restaurant's claims: those to be answered, oldest first, then the others."""

    waiting: list[Claim]
    answered: list[Claim]
    next_cursor: str | None


def list_claims(
    *, restaurant: Restaurant, cursor: str | None = None, limit: int = PAGE
) -> ClaimPage:
    """Return a restaurant's claims with orders and lines loaded.

    The cursor leads on through the answered ones, which come newest first.
    """
    claims = _claims_of([restaurant])
    waiting = []
    rows = claims.exclude(status=Claim.Status.OPEN)
    if cursor:
        at, pk = read_cursor(cursor)
        rows = rows.filter(created_at__lte=at).filter(
            Q(created_at__lt=at) | Q(pk__lt=pk)
        )
    else:
        is_open = claims.filter(status=Claim.Status.OPEN)
        waiting = list(is_open.order_by("created_at", "pk")[:MOST_WAITING])
    found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return ClaimPage(
        waiting,
        found[:limit],
        write_cursor(last.created_at, last.pk) if last else None,
    )


def list_claims_for_restaurants(
    *,
    restaurants: Iterable[Restaurant],
    is_open: bool | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> tuple[list[Claim], str | None]:
    """Return claims of these restaurants, newest first, and where the next page is.

    `is_open` keeps those that wait for an answer, or those that have one.
    """
    claims = _claims_of(restaurants)
    if is_open is not None:
        is_waiting = Q(status=Claim.Status.OPEN)
        claims = claims.filter(is_waiting if is_open else ~is_waiting)
    if cursor:
        at, pk = read_cursor(cursor)
        claims = claims.filter(created_at__lte=at).filter(
            Q(created_at__lt=at) | Q(pk__lt=pk)
        )
    found = list(claims.order_by("-created_at", "-pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], write_cursor(last.created_at, last.pk) if last else None


def get_claim_for_restaurants(
    *, restaurants: Iterable[Restaurant], public_id: UUID
) -> Claim:
    """Return a claim of one of these restaurants; DoesNotExist for others."""
    return _claims_of(restaurants).get(public_id=public_id)


def _claims_of(restaurants: Iterable[Restaurant]) -> QuerySet[Claim]:
    lines = ClaimLine.objects.select_related("line")
    return (
        Claim.objects.filter(order__restaurant__in=[one.pk for one in restaurants])
        .select_related("order__restaurant", "answered_by")
        .defer("order__restaurant__search_document")
        .prefetch_related(Prefetch("lines", lines))
    )


def count_open_claims(restaurant_pks: Collection[int]) -> int:
    """Return how many claims these restaurants have not answered."""
    return Claim.objects.filter(
        order__restaurant__in=restaurant_pks, status=Claim.Status.OPEN
    ).count()


def late_claims(*, now: datetime) -> Q:
    """Return what tells the claims that were not answered in time."""
    return Q(status=Claim.Status.OPEN, created_at__lte=now - PATIENCE)


def count_late_claims(*, now: datetime) -> int:
    """Return how many claims restaurants have not answered in time."""
    return Claim.objects.filter(late_claims(now=now)).count()
