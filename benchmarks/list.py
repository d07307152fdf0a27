"""Server time of the customers' pages where 20,000 restaurants deliver to the place.

There are 100,000 restaurants (`--size`), a fifth of them around Manhattan, where the
place asked is; those have cuisines, fees, ratings and menus. Each sort, filter and
search of the list is asked, its second page, the start page and a restaurant's page;
the slowest of them is the value. The baseline is a page as long as the list's that asks
nothing. Requests are served in this process by the whole stack of middleware, one at a
time, each of them new: what is asked stays the same, the place moves.
"""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone

from benchmarks.nearby import (
    MANHATTAN,
    Place,
    add_dense,
    count_near_manhattan,
    fill,
    scatter,
)
from config.urls import urlpatterns as pages
from customers.places import SESSION_KEY, ChosenPlace
from restaurants.geo import to_plane
from restaurants.models import Cuisine, Restaurant
from restaurants.selectors import Sort, list_restaurants_near
from restaurants.services import refresh_search_words

SIZE = 100_000
IN_RANGE = 5  # one of so many is around the place asked
ITEMS = 12
RUNS = 9
GOAL_MILLISECONDS = 50
LIST = "/restaurants/"
# Everything the list can be asked for, one by one and where it costs most together.
ASKED: dict[str, dict[str, str]] = {
    "list": {},
    "soonest": {"sort": "arrival"},
    "best rated": {"sort": "rating"},
    "lowest fee": {"sort": "fee"},
    "pickup": {"fulfilment": "pickup"},
    "open now": {"open_now": "1"},
    "open now, soonest": {"open_now": "1", "sort": "arrival"},
    "a frequent cuisine": {"cuisine": "cuisine-0"},
    "a rare cuisine": {"cuisine": "cuisine-39"},
    "a rare cuisine, soonest": {"cuisine": "cuisine-39", "sort": "arrival"},
    "free delivery": {"free_delivery": "1"},
    "rated 4 or better": {"rating": "4"},
    "rated 4 or better, soonest": {"rating": "4", "sort": "arrival"},
    "a frequent word": {"text": "chicken"},
    "a frequent word, soonest": {"text": "chicken", "sort": "arrival"},
    "two words": {"text": "chicken tikka"},
    "a beginning": {"text": "p"},
    "a rare word": {"text": "xanthippe"},
    "a word nobody has": {"text": "qqqqqqqq"},
    "a typo": {"text": "chiken tika"},
    "a typo, best rated": {"text": "piza", "sort": "rating"},
    "everything": {
        "text": "piza",
        "sort": "arrival",
        "cuisine": "cuisine-0",
        "open_now": "1",
        "rating": "4",
    },
}

kept = {"page": ""}


def baseline(_request: HttpRequest) -> HttpResponse:
    """Answer with a page as long as the list's, and ask for nothing."""
    return HttpResponse(kept["page"])


urlpatterns = [path("baseline/", baseline), *pages]


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def run(*, size: int | None) -> dict[str, object]:
    """Measure each page; the slowest of the list's is the value."""
    call_command("migrate", verbosity=0)
    load(size or SIZE)
    with override_settings(ROOT_URLCONF="benchmarks.list"):
        times = measure_pages()
    slowest = max(ASKED, key=lambda name: times[name]["ms"])
    value, least = times[slowest]["ms"], times["baseline"]["ms"]
    return {
        "name": "list",
        "value": value,
        "unit": f"ms for the slowest list ({slowest}), median",
        "baseline": least,
        "ratio": round(value / least, 2),
        "goal": f"under {GOAL_MILLISECONDS} ms for the list",
        "met": value < GOAL_MILLISECONDS,
        "detail": {
            "restaurants": Restaurant.objects.count(),
            "within ten miles": count_near_manhattan(),
            "pages": times,
        },
    }


def measure_pages() -> dict[str, dict[str, Any]]:
    """Return the times of each page by its name; the first answer only warms up."""
    client = Client(SERVER_NAME="localhost", HTTP_ACCEPT_ENCODING="gzip")
    spots = random.Random(5)
    places = [scatter(MANHATTAN, 500, spots) for _ in range(RUNS)]
    go_to(client, MANHATTAN)
    shown = client.get(LIST, HTTP_ACCEPT_ENCODING="")
    kept["page"] = shown.content.decode()
    times = {}
    for name, url in [("baseline", "/baseline/"), *addresses()]:
        times[name] = measure(client, url, places)
        tell(f"{name:<32} {times[name]}")
    return times


def addresses() -> Iterator[tuple[str, str]]:
    """Yield what each page is called here, and where it is."""
    yield "start page", "/"
    for name, wanted in ASKED.items():
        yield name, f"{LIST}?{urlencode(wanted)}"
    for sort in Sort:
        page = list_restaurants_near(
            latitude=MANHATTAN[0],
            longitude=MANHATTAN[1],
            moment=timezone.now(),
            sort=sort,
        )
        wanted = {"sort": sort.value, "cursor": page.next_cursor}
        yield f"second page, {sort.label}", f"{LIST}?{urlencode(wanted)}"
    restaurant = Restaurant.objects.filter(items__isnull=False).latest("pk")
    yield "a restaurant", restaurant.get_absolute_url()


def go_to(client: Client, place: Place) -> None:
    """Choose a place for a browser's visit, as its form does."""
    session = client.session
    chosen = ChosenPlace("Manhattan", place[0], place[1], country="US")
    session[SESSION_KEY] = asdict(chosen)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)


def measure(client: Client, url: str, places: list[Place]) -> dict[str, Any]:
    """Ask for a page once at each place; the first time only warms up."""
    asked: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        answer = client.get(url)
    if answer.status_code != 200:  # noqa: PLR2004
        raise RuntimeError(f"{url} answers {answer.status_code}")
    taken = []
    for place in places:
        go_to(client, place)
        start = time.perf_counter()
        answer = client.get(url)
        taken.append((time.perf_counter() - start) * 1000)
    return {
        "ms": round(median(taken), 1),
        "worst ms": round(max(taken), 1),
        "queries": len(asked),
        "gzipped bytes": len(answer.content),
    }


def load(size: int) -> None:
    """Put so many restaurants in place of what is there, and fill those in range."""
    dense = size // IN_RANGE
    fill(size - dense, has_postgis=False)
    add_dense(dense)
    tell("Adding names, cuisines, terms, ratings, menus and words.")
    Cuisine.objects.all().delete()
    Cuisine.objects.bulk_create(
        Cuisine(slug=f"cuisine-{n}", name=name) for n, name in enumerate(CUISINES)
    )
    parameters: dict[str, Any] = {
        "families": families(max(50, size // 5)),
        "kinds": KINDS,
        "dishes": [f"{way} {dish}" for dish in DISHES for way in WAYS],
        "dense": dense,
        "items": ITEMS,
        "x": to_plane(*MANHATTAN)[0],
        "y": to_plane(*MANHATTAN)[1],
    }
    with connection.cursor() as cursor:
        for statement in LOADING:
            cursor.execute(statement, parameters)
        cursor.execute("VACUUM (FULL, ANALYZE) restaurants_restaurant")
    tell(f"{refresh_search_words():,} words")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def families(count: int) -> list[str]:
    """Return made-up names, about as many as there are of people who cook."""
    dice = random.Random(6)
    # A few consonants and every vowel, as in names that can be said.
    parts = [start + vowel for start in "bcdghjklmnprstvz" for vowel in "aeiou"]
    return [
        "".join(dice.choices(parts, k=dice.choice((2, 3, 3, 4)))).title()
        for _ in range(count - 1)
    ] + ["Xanthippe"]


CUISINES = [
    *("Pizza", "Chinese", "American", "Indian", "Thai", "Japanese", "Mexican"),
    *("Italian", "Greek", "Korean", "Vietnamese", "French", "Spanish", "Turkish"),
    *("Lebanese", "Ethiopian", "Peruvian", "Brazilian", "Cuban", "Jamaican"),
    *("German", "Polish", "Russian", "Georgian", "Persian", "Afghan", "Pakistani"),
    *("Nepalese", "Tibetan", "Burmese", "Malaysian", "Indonesian", "Filipino"),
    *("Hawaiian", "Moroccan", "Egyptian", "Nigerian", "Senegalese", "Somali"),
    "Uzbek",
]
KINDS = [
    *("Kitchen", "Pizzeria", "Grill", "Noodle House", "Diner", "Trattoria", "Deli"),
    *("Taqueria", "Bakery", "Sushi Bar", "Tandoori", "Bistro", "Café", "Burgers"),
]
WAYS = [
    *("Spicy", "Grilled", "House", "Crispy", "Vegan", "Family", "Small", "Smoked"),
    *("Chicken", "Paneer", "Salmon", "Mushroom"),
]
DISHES = [
    *("Pizza Margherita", "Tikka Masala", "Burrito", "Pad Thai", "Ramen", "Falafel"),
    *("Caesar Salad", "Cheeseburger", "Fried Rice", "Lasagne", "Moussaka", "Bibimbap"),
    *("Pho", "Croque Monsieur", "Paella", "Döner", "Injera", "Ceviche", "Pierogi"),
    *("Dumplings", "Biryani", "Momo", "Laksa", "Satay", "Adobo", "Poke", "Tagine"),
]

# The menus of those in range, which came last; all else varies over all of them. A
# cuisine is the rarer the higher its number.
LOADING = (
    """
    UPDATE restaurants_restaurant SET
        slug = 'restaurant-' || id,
        name = (%(families)s::text[])[
                   1 + id * 7919 %% cardinality(%(families)s::text[])]
               || ' ' ||
               (%(kinds)s::text[])[1 + id * 31 %% cardinality(%(kinds)s::text[])],
        delivery_fee = id %% 7,
        rating_count = id %% 40,
        rating_total = (id %% 40) * (300 + id * 13 %% 200) / 100,
        preparation_minutes = 10 + id * 11 %% 35,
        minimum_order = id %% 20,
        time_zone = 'America/New_York',
        fee_step_metres = CASE id %% 3 WHEN 0 THEN ARRAY[2000, 5000] ELSE '{}' END,
        fee_step_fees = CASE id %% 3 WHEN 0 THEN ARRAY[3, 6] ELSE '{}' END,
        preparation_week = CASE id %% 10 WHEN 0 THEN array_fill(25, ARRAY[168]) END
    """,
    """
    INSERT INTO restaurants_restaurant_cuisines (restaurant_id, cuisine_id)
    SELECT r.id, c.id FROM restaurants_restaurant r
      JOIN restaurants_cuisine c
        ON c.slug = 'cuisine-' || floor(40 * ((r.id * 7 %% 1000) / 1000.0) ^ 3)
    """,
    """
    INSERT INTO menus_menu (name, position, is_active, source_id, restaurant_id)
    SELECT 'All day', 0, true, '', id FROM (
        SELECT id FROM restaurants_restaurant ORDER BY id DESC LIMIT %(dense)s) r
    """,
    """
    INSERT INTO menus_section (name, description, position, source_id, menu_id)
    SELECT 'Dishes', '', 0, '', id FROM menus_menu
    """,
    """
    INSERT INTO menus_item (public_id, code, name, description, photo, drawing, price,
        diets, allergens, position, is_active, source_id, is_draft, restaurant_id,
        section_id)
    SELECT gen_random_uuid(), '', (%(dishes)s::text[])[
               1 + (m.restaurant_id * 17 + n * 29) %% cardinality(%(dishes)s::text[])],
           '', '', '', 8 + n, '{}', '{}', n, true, '', false, m.restaurant_id, s.id
      FROM menus_section s JOIN menus_menu m ON m.id = s.menu_id
      CROSS JOIN generate_series(1, %(items)s) n
    """,
    """
    UPDATE restaurants_restaurant r SET search_document =
        setweight(to_tsvector('simple', translate(lower(r.name), 'éö', 'eo')), 'A')
        || setweight(to_tsvector('simple', coalesce((
               SELECT translate(lower(string_agg(i.name, ' ' ORDER BY i.position)),
                                'éö', 'eo')
                 FROM menus_item i WHERE i.restaurant_id = r.id), '')), 'B')
        || setweight(to_tsvector('simple', coalesce((
               SELECT lower(string_agg(c.name, ' ')) FROM restaurants_cuisine c
                 JOIN restaurants_restaurant_cuisines rc ON rc.cuisine_id = c.id
                WHERE rc.restaurant_id = r.id), '')), 'C')
    """,
)
