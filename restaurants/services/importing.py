"""Taking over restaurants from open data, again and again without doubling any.

A restaurant is found again by where it came from (source and source_id). One that has
a member by now, or that takes orders, is its owner's: what the data says no longer
touches any of its fields, its hours or its cuisines. Of others only what the data tells
is written: status, slug, delivery terms, menu and special hours stay as they are.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.text import slugify

from restaurants.geo import to_plane
from restaurants.models import Cuisine, Membership, OpeningHours, Region, Restaurant
from restaurants.opening import WeeklySpan
from restaurants.services.derived import (
    changed_document,
    learn_words,
    new_document,
    refresh_open_spans,
    set_open_spans,
)
from restaurants.services.sources import (
    BadRowError,
    Doubts,
    FoundPlace,
    LeftOut,
    Reader,
    Row,
    check_row,
)

BATCH = 500
COPIED = (
    "name",
    "latitude",
    "longitude",
    "time_zone",
    "currency",
    "street_address",
    "locality",
    "postal_code",
    "country",
    "phone",
    "website",
)
DERIVED = ("location", "search_document")


@dataclass
class ImportReport:
    """What became of each row; `rows` is the sum of the five counts after it."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    run_by_owner: int = 0
    left_out: int = 0
    doubts: list[LeftOut] = field(default_factory=list)


def import_restaurants(
    *,
    rows: Iterable[Row],
    read: Reader,
    on_progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Create or update a restaurant for each row, in batches of one transaction each.

    A row that says what is known already writes nothing, and neither does one whose
    restaurant is its owner's by now; those are counted as `run_by_owner`. New ones are
    listed without taking orders until somebody runs them. Bad rows, and bad fields of
    good rows, are left out and stand in the report's `doubts` (a header is row 1).
    `on_progress` gets the number of rows done.
    """
    report = ImportReport()
    seen: set[str] = set()
    found = _read_places(rows, read, report, seen)
    while batch := list(islice(found, BATCH)):
        with transaction.atomic():
            _save(batch, report)
        if on_progress:
            on_progress(report.rows)
    return report


def _read_places(
    rows: Iterable[Row], read: Reader, report: ImportReport, seen: set[str]
) -> Iterator[FoundPlace]:
    for number, row in enumerate(rows, 2):
        report.rows += 1
        doubts = Doubts(number)
        try:
            check_row(row)
            place = read(row, doubts)
            if place.source_id in seen:
                raise BadRowError("stands in the file a second time")  # noqa: TRY301
        except BadRowError as error:
            report.left_out += 1
            report.doubts.append(LeftOut(number, doubts.source_id, "", "", str(error)))
            continue
        seen.add(place.source_id)
        report.doubts += doubts.found
        yield place


def _save(places: list[FoundPlace], report: ImportReport) -> None:
    known = _known(places)
    cuisines = _cuisines(places)
    fresh = [it for it in places if it.source_id not in known]
    stale = []
    for place in places:
        restaurant = known.get(place.source_id)
        if restaurant is None:
            continue
        if restaurant.takes_orders or restaurant.is_run:  # type: ignore[attr-defined]
            report.run_by_owner += 1
        elif _is_as_found(restaurant, place):
            report.unchanged += 1
        else:
            stale.append((restaurant, place))
    pairs = _create(fresh) + _change(stale)
    _replace_hours(pairs)
    _replace_cuisines(pairs, cuisines)
    refresh_open_spans(restaurant_pks=[restaurant.pk for restaurant, _ in stale])
    learn_words(
        texts=[
            text
            for _, place in pairs
            for text in (place.name, *place.cuisines.values())
        ]
    )
    report.created += len(fresh)
    report.changed += len(stale)


def _known(places: list[FoundPlace]) -> dict[str, Restaurant]:
    restaurants = (
        Restaurant.objects.filter(
            source=places[0].source, source_id__in=[it.source_id for it in places]
        )
        .annotate(is_run=Exists(Membership.objects.filter(restaurant=OuterRef("pk"))))
        .prefetch_related("opening_hours", "cuisines")
        .select_for_update(of=("self",))
    )
    return {it.source_id: it for it in restaurants}


def _is_as_found(restaurant: Restaurant, place: FoundPlace) -> bool:
    hours = {
        WeeklySpan(it.weekday, it.opens_at, it.closes_at)
        for it in restaurant.opening_hours.all()
    }
    return (
        all(getattr(restaurant, name) == getattr(place, name) for name in COPIED)
        and hours == set(place.hours)
        and {it.slug for it in restaurant.cuisines.all()} == set(place.cuisines)
    )


Pairs = list[tuple[Restaurant, FoundPlace]]


def _create(places: list[FoundPlace]) -> Pairs:
    regions = {it.code: it for it in Region.objects.all()}
    now = timezone.now()
    pairs = []
    for place in places:
        restaurant = Restaurant(
            region=_region(place, regions),
            slug=_slug(place),
            status=Restaurant.Status.LIVE,
            takes_orders=False,
            source=place.source,
            source_id=place.source_id,
        )
        _copy(place, restaurant)
        restaurant.search_document = new_document(place.name, place.cuisines.values())
        set_open_spans(restaurant, weekly=place.hours, now=now)
        pairs.append((restaurant, place))
    Restaurant.objects.bulk_create(restaurant for restaurant, _ in pairs)
    return pairs


def _change(pairs: Pairs) -> Pairs:
    for restaurant, place in pairs:
        _copy(place, restaurant)
        restaurant.search_document = changed_document(
            place.name, place.cuisines.values()
        )
    Restaurant.objects.bulk_update(
        [restaurant for restaurant, _ in pairs], [*COPIED, *DERIVED]
    )
    return pairs


def _copy(place: FoundPlace, restaurant: Restaurant) -> None:
    for name in COPIED:
        setattr(restaurant, name, getattr(place, name))
    restaurant.location = to_plane(place.latitude, place.longitude)


def _region(place: FoundPlace, regions: dict[str, Region]) -> Region:
    """Return the region that a place's time zone begins with, such as Europe."""
    name = place.time_zone.split("/")[0]
    code = slugify(name)
    if code not in regions:
        regions[code] = Region.objects.create(code=code, name=name)
    return regions[code]


def _slug(place: FoundPlace) -> str:
    own = slugify(f"{place.source} {place.source_id.replace('/', ' ')}")
    return f"{slugify(place.name)[: 79 - len(own)]}-{own}".lstrip("-")


def _replace_hours(pairs: Pairs) -> None:
    OpeningHours.objects.filter(restaurant__in=[it for it, _ in pairs]).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(
            restaurant=restaurant,
            weekday=span.weekday,
            opens_at=span.opens_at,
            closes_at=span.closes_at,
        )
        for restaurant, place in pairs
        for span in place.hours
    )


def _cuisines(places: list[FoundPlace]) -> dict[str, Cuisine]:
    names = {slug: name for place in places for slug, name in place.cuisines.items()}
    Cuisine.objects.bulk_create(
        (Cuisine(slug=slug, name=name) for slug, name in names.items()),
        ignore_conflicts=True,
    )
    return {it.slug: it for it in Cuisine.objects.filter(slug__in=names)}


def _replace_cuisines(pairs: Pairs, cuisines: dict[str, Cuisine]) -> None:
    through = Restaurant.cuisines.through
    through.objects.filter(restaurant__in=[it for it, _ in pairs]).delete()
    through.objects.bulk_create(
        through(restaurant=restaurant, cuisine=cuisines[slug])
        for restaurant, place in pairs
        for slug in place.cuisines
    )
