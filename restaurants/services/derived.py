"""What a restaurant's row keeps of other rows, so that a list reads one row each."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.contrib.postgres.search import (
    SearchVector,
    SearchVectorCombinable,
    SearchVectorField,
)
from django.db import connection, transaction
from django.db.models import F, Func, Q, Value
from django.db.models.expressions import CombinedExpression
from django.utils import timezone
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from restaurants.availability import HORIZON
from restaurants.models import Restaurant, SearchWord
from restaurants.opening import SpecialSpan, WeeklySpan, opening_spans
from restaurants.spelling import is_mendable, rests_of, words_of

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


@transaction.atomic
def refresh_search_document(
    *, restaurant_pk: int, dish_names: Iterable[str] | None = None
) -> None:
    """Make a restaurant findable by its name, its dishes and its cuisines.

    Words are kept as written ('simple'), since menus mix languages; they also join the
    words that typos are mended to. Without `dish_names` those known before stay.
    """
    # Read once it is locked, so that who renames it meanwhile is not overwritten.
    locked = Restaurant.objects.select_for_update(of=("self",), no_key=True)
    restaurant = locked.get(pk=restaurant_pk)
    cuisines = list(restaurant.cuisines.values_list("name", flat=True))
    document = changed_document(restaurant.name, cuisines)
    texts = [restaurant.name, *cuisines]
    if dish_names is not None:
        dishes = " ".join(dish_names)
        document = new_document(restaurant.name, cuisines) + _vector(dishes, "B")
        texts.append(dishes)
    Restaurant.objects.filter(pk=restaurant_pk).update(search_document=document)
    learn_words(texts=texts)


def refresh_search_documents() -> int:
    """Make every restaurant findable anew, with the dishes known; return how many.

    For rows that were written by a release that did it otherwise.
    """
    pks = list(Restaurant.objects.order_by("pk").values_list("pk", flat=True))
    for batch in _batches(pks):
        _refresh_batch(batch)
    refresh_search_words()
    return len(pks)


@transaction.atomic
def _refresh_batch(pks: list[int]) -> None:
    restaurants = list(
        Restaurant.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=pks)
        .order_by("pk")
        .prefetch_related("cuisines")
        .only("pk", "name")
    )
    for restaurant in restaurants:
        restaurant.search_document = changed_document(
            restaurant.name, [it.name for it in restaurant.cuisines.all()]
        )
    Restaurant.objects.bulk_update(restaurants, ["search_document"], BATCH)


def new_document(name: str, cuisine_names: Iterable[str] = ()) -> CombinedExpression:
    """Return what finds a restaurant without dishes, for a row that is written."""
    return _vector(name, "A") + _vector(" ".join(cuisine_names), "C")


def changed_document(
    name: str, cuisine_names: Iterable[str] = ()
) -> CombinedExpression:
    """Return what finds it by a new name or cuisines and by the dishes it has."""
    return new_document(name, cuisine_names) + _Dishes(F("search_document"))


def _vector(text: str, weight: str) -> SearchVector:
    # Taken apart here, so that both sides agree on what a word is.
    words = Value(" ".join(words_of(text)))
    return SearchVector(words, config="simple", weight=weight)


class _Dishes(SearchVectorCombinable, Func):
    """What finds a restaurant by its dishes, as its row has it now."""

    template = "ts_filter(coalesce(%(expressions)s, ''), '{b}')"
    output_field = SearchVectorField()


def learn_words(*, texts: Iterable[str]) -> None:
    """Keep the words of some texts as words that typos are mended to."""
    words = set(filter(is_mendable, words_of(" ".join(texts))))
    known = SearchWord.objects.filter(word__in=words).values_list("word", flat=True)
    _keep_words(words - set(known))


@transaction.atomic
def refresh_search_words() -> int:
    """Keep exactly the words that find some restaurant; return how many they are."""
    known = set(SearchWord.objects.values_list("word", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM ts_stat("
            "'SELECT search_document FROM restaurants_restaurant')"
        )
        used = {word for (word,) in cursor.fetchall() if is_mendable(word)}
    drop_words(words=known - used)
    _keep_words(used - known)
    return len(used)


def drop_words(*, words: Iterable[str]) -> None:
    """Forget those of some words that find no restaurant; others may be used again."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM restaurants_searchword old
             WHERE word = ANY(%s) AND NOT EXISTS (
                SELECT FROM restaurants_restaurant
                 WHERE search_document @@ quote_literal(old.word)::tsquery)
            """,
            [sorted(words)],
        )


def _keep_words(words: set[str]) -> None:
    SearchWord.objects.bulk_create(
        # In order, so that two who learn the same words do not wait for each other.
        (SearchWord(word=word, rests=sorted(rests_of(word))) for word in sorted(words)),
        ignore_conflicts=True,
        batch_size=BATCH,
    )
