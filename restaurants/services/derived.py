"""What a restaurant's row keeps of other rows, so that a list reads one row each."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.contrib.postgres.search import (
    SearchVector,
    SearchVectorCombinable,
    SearchVectorField,
)
from django.db import transaction
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import CombinedExpression
from django.utils import timezone
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from restaurants.availability import HORIZON
from restaurants.models import Restaurant
from restaurants.opening import SpecialSpan, WeeklySpan, opening_spans
from restaurants.selectors import fold

BATCH = 500


def refresh_open_spans(
    *, restaurant_pks: Sequence[int], now: datetime | None = None
) -> None:
    """Recompute the opening spans kept on these restaurants' rows.

    Call it in the transaction that changes hours, special hours or the time zone.
    """
    now = now or timezone.now()
    restaurants = (
        Restaurant.objects.filter(pk__in=restaurant_pks)
        .prefetch_related("opening_hours", "special_hours")
        .only("pk", "time_zone")
    )
    changed = []
    for restaurant in restaurants:
        set_open_spans(
            restaurant,
            weekly=[
                WeeklySpan(row.weekday, row.opens_at, row.closes_at)
                for row in restaurant.opening_hours.all()
            ],
            special=[
                SpecialSpan(row.date, row.opens_at, row.closes_at)
                for row in restaurant.special_hours.all()
            ],
            now=now,
        )
        changed.append(restaurant)
    Restaurant.objects.bulk_update(changed, ["open_spans", "open_spans_until"], BATCH)


def set_open_spans(
    restaurant: Restaurant,
    *,
    weekly: Iterable[WeeklySpan],
    special: Iterable[SpecialSpan] = (),
    now: datetime,
) -> None:
    """Put the opening spans of the days ahead on a row that the caller writes."""
    # From midnight UTC the day before, so that a span under way keeps its start.
    since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since -= timedelta(days=1)
    until = since + HORIZON + timedelta(days=2)
    spans = opening_spans(
        weekly, special, time_zone=restaurant.time_zone, since=since, until=until
    )
    restaurant.open_spans = Multirange([Range(start, end) for start, end in spans])
    restaurant.open_spans_until = until


def refresh_stale_open_spans(*, now: datetime | None = None) -> int:
    """Recompute the spans that reach less than half the horizon; return how many."""
    now = now or timezone.now()
    stale = Restaurant.objects.filter(
        Q(open_spans_until__isnull=True) | Q(open_spans_until__lt=now + HORIZON / 2)
    )
    pks = list(stale.values_list("pk", flat=True))
    for batch in _batches(pks):
        with transaction.atomic():
            refresh_open_spans(restaurant_pks=batch, now=now)
    return len(pks)


def _batches(pks: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), BATCH):
        yield pks[start : start + BATCH]


def refresh_search_document(
    *, restaurant_pk: int, dish_names: Iterable[str] | None = None
) -> None:
    """Make a restaurant findable by its name (first) and its dishes.

    Words are kept as written ('simple'), since menus mix languages. Without
    `dish_names` those known before stay.
    """
    restaurant = Restaurant.objects.get(pk=restaurant_pk)
    document = renamed_document(restaurant.name)
    if dish_names is not None:
        words = Value(fold(" ".join(dish_names)))
        dishes = SearchVector(words, config="simple", weight="B")
        document = name_document(restaurant.name) + dishes
    Restaurant.objects.filter(pk=restaurant_pk).update(search_document=document)


def name_document(name: str) -> SearchVector:
    """Return what finds a restaurant by its name, for a row that is being written."""
    return SearchVector(Value(fold(name)), config="simple", weight="A")


class _Dishes(SearchVectorCombinable, Func):
    """What finds a restaurant by its dishes, as its row has it now."""

    template = "ts_filter(coalesce(%(expressions)s, ''), '{b}')"
    output_field = SearchVectorField()


def renamed_document(name: str) -> CombinedExpression:
    """Return what finds a restaurant by a new name and the dishes it has."""
    return name_document(name) + _Dishes(F("search_document"))
