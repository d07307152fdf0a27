"""The 20 restaurants that a customer's list starts with, against two other ways.

Ours is the page's own query, recorded from the page's selector. The others answer the
same question on the same rows in the same server: a B-tree bounding box with haversine,
and PostGIS geography with its nearest-neighbour index. Restaurants and customers are
spread as people are: around the cities of the United States by population (a million is
about how many restaurants there are), thinning out from each centre. Each size also
has a run in Manhattan with 20,000 more within ten miles. Time is what the server says
that planning and running took; that seen from the client, which is mostly the way
there and back, stands beside it, with that of an empty query.

PostGIS is measured as it plans and once more kept to its index, since among very many
its planner would rather sort them all; the faster of the two is what counts.
"""

import gzip
import math
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from config.embedded import Postgres
from config.processes import stop_all
from customers.geocoding.offline import CITIES_FILE
from restaurants.geo import (
    EARTH_RADIUS,
    degrees_of,
    great_circle_distance,
    to_plane,
)
from restaurants.models import TEN_MILES, Region
from restaurants.selectors import list_restaurants_near

SIZES = (10_000, 100_000, 1_000_000)
PLACES, DENSE_PLACES = 150, 40
LIMIT = 20
MANHATTAN = (40.7580, -73.9855)
DENSE = 20_000
DEBIAN_POSTGRES = Path("/usr/lib/postgresql/15/bin")
POSTGIS_CONTROL = Path("/usr/share/postgresql/15/extension/postgis.control")
Place = tuple[float, float]
Answer = list[tuple[int, float]]  # id and metres, nearest first, open before closed

HAVERSINE = f"""
    2 * {EARTH_RADIUS} * asin(least(1, sqrt(
        power(sin(radians(latitude - %(lat)s) / 2), 2)
        + cos(radians(%(lat)s)) * cos(radians(latitude))
        * power(sin(radians(longitude - %(lon)s) / 2), 2))))
"""
OFFERED = "status = 'live' AND offers_delivery AND distance <= delivery_radius"
IS_OPEN = """(open_spans @> %(now)s::timestamptz
              AND (paused_until IS NULL OR paused_until <= %(now)s)) IS TRUE"""
BOX = f"""
    SELECT id, distance FROM (
        SELECT *, {HAVERSINE} AS distance FROM restaurants_restaurant
         WHERE status = 'live' AND latitude BETWEEN %(south)s AND %(north)s
           AND longitude BETWEEN %(west)s AND %(east)s OFFSET 0) near
     WHERE {OFFERED} ORDER BY {IS_OPEN} DESC, distance, id LIMIT {LIMIT}
"""
POSTGIS = f"""
    SELECT id, distance FROM (
        SELECT *, ST_Distance(geog, %(here)s::geography, false) AS distance
          FROM restaurants_restaurant
         WHERE status = 'live' AND ST_DWithin(geog, %(here)s::geography,
               widest_delivery_radius(), false)
         ORDER BY geog <-> %(here)s::geography) near
     WHERE {OFFERED} AND {{is_open}} LIMIT %(limit)s
"""


def run(*, size: int | None) -> dict[str, object]:
    """Measure each size; the goals are about the time in the database per list."""
    sizes = SIZES if size is None else (size,)
    detail: dict[str, Any] = {}
    with server() as has_postgis:
        detail["postgis"] = has_postgis
        call_command("migrate", verbosity=0)
        for count in sizes:
            fill(count, has_postgis=has_postgis)
            detail[f"{count}"] = measure(people_at(PLACES, seed=2), has_postgis)
            add_dense()
            dice = random.Random(3)
            around = [scatter(MANHATTAN, 4_000, dice) for _ in range(DENSE_PLACES)]
            dense = measure(around, has_postgis)
            dense["within ten miles of Manhattan"] = count_near_manhattan()
            detail[f"{count} and 20000 in range"] = dense
    return summary(sizes, detail)


def summary(sizes: tuple[int, ...], detail: dict[str, Any]) -> dict[str, object]:
    last = detail[f"{sizes[-1]}"]["milliseconds"]
    dense = detail[f"{sizes[-1]} and 20000 in range"]["milliseconds"]
    goals = {"a fifth of the bounding box": last["ours"] <= last["box"] / 5}
    if "postgis" in last:
        goals["half of PostGIS"] = last["ours"] <= postgis_of(last) / 2
        goals["half of PostGIS, dense"] = dense["ours"] <= postgis_of(dense) / 2
    if len(sizes) > 1:
        first = detail[f"{sizes[0]}"]["milliseconds"]
        goals["twice the smallest"] = last["ours"] <= 2 * first["ours"]
    goals["same answers"] = all(
        figures["different answers"] == 0
        for figures in detail.values()
        if isinstance(figures, dict)
    )
    other = postgis_of(last) if "postgis" in last else last["box"]
    return {
        "name": "nearby",
        "value": last["ours"],
        "unit": "ms planning and running in PostgreSQL per list, median",
        "baseline": other,
        "ratio": round(last["ours"] / other, 3),
        "goal": 0.5 if "postgis" in last else 0.2,
        "met": all(goals.values()),
        "detail": {"goals": goals, **detail},
    }


def postgis_of(milliseconds: dict[str, float]) -> float:
    return min(milliseconds["postgis"], milliseconds["postgis by index"])


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@contextmanager
def server() -> Iterator[bool]:
    """Use Debian's PostgreSQL with PostGIS for all ways, where it can be had."""
    if not POSTGIS_CONTROL.exists() and os.geteuid() == 0 and shutil.which("apt-get"):
        tell("Installing PostGIS to compare with.")
        subprocess.run(
            ["apt-get", "install", "--yes", "--quiet", "postgresql-15-postgis-3"],  # noqa: S607
            check=False,
            capture_output=True,
        )
    if not POSTGIS_CONTROL.exists():
        tell("Without PostGIS: it is not installed (postgresql-15-postgis-3).")
        yield False
        return
    folder = settings.DATA_DIR.parent
    debian = Postgres(
        folder / "data" / "postgis",
        folder / "sockets" / "gis",
        binaries=DEBIAN_POSTGRES,
        durable=False,
    )
    debian.data.parent.mkdir(parents=True, exist_ok=True)
    process = debian.start(lambda name, line: tell(f"{name}: {line}"))
    connection.close()
    connection.settings_dict["HOST"] = str(debian.sockets)
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION postgis")
        yield True
    finally:
        connection.close()
        stop_all([process])


def cities() -> tuple[list[Place], list[int]]:
    with gzip.open(CITIES_FILE, "rt", encoding="utf-8") as file:
        rows = [line.split("\t") for line in file]
        rows = [row for row in rows if row[2] == "US"]
    return [(float(it[3]), float(it[4])) for it in rows], [int(it[5]) for it in rows]


def people_at(count: int, *, seed: int) -> list[Place]:
    """Return places of people: a city by its population, and a spot around it."""
    dice = random.Random(seed)
    places, weights = cities()
    chosen = dice.choices(range(len(places)), weights, k=count)
    return [
        # A city's reach grows with the root of its people (in thousands): 1 to 20 km.
        scatter(places[it], 600 * math.sqrt(1 + weights[it] / 10), dice)
        for it in chosen
    ]


def scatter(centre: Place, reach: float, dice: random.Random) -> Place:
    """Return a spot around a centre, thinning out with a mean distance of `reach`."""
    distance = min(dice.expovariate(1 / reach), 10 * reach)
    angle = dice.uniform(0, 2 * math.pi)
    latitude = centre[0] + degrees_of(distance) * math.cos(angle)
    latitude = max(-85.0, min(85.0, latitude))
    narrow = math.cos(math.radians(latitude))
    longitude = centre[1] + degrees_of(distance) * math.sin(angle) / narrow
    return latitude, (longitude + 180) % 360 - 180


def fill(count: int, *, has_postgis: bool) -> None:
    """Put `count` restaurants in place of what is there, half of them open now."""
    tell(f"Loading {count:,} restaurants.")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE restaurants_restaurant CASCADE")
        if has_postgis:
            cursor.execute(
                "ALTER TABLE restaurants_restaurant ADD COLUMN IF NOT EXISTS"
                " geog geography(Point)"
            )
    Region.objects.get_or_create(code="world", defaults={"name": "World"})
    insert(people_at(count, seed=1))
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX IF NOT EXISTS box ON restaurants_restaurant"
            " (latitude, longitude) WHERE status = 'live'"
        )
        if has_postgis:
            cursor.execute(
                "CREATE INDEX IF NOT EXISTS geog ON restaurants_restaurant"
                " USING gist (geog) WHERE status = 'live'"
            )


def add_dense(count: int = DENSE) -> None:
    tell(f"Adding {count:,} around Manhattan.")
    dice = random.Random(4)
    near: list[Place] = []
    while len(near) < count:
        place = scatter(MANHATTAN, 3_000, dice)
        if great_circle_distance(*MANHATTAN, *place) <= TEN_MILES:
            near.append(place)
    insert(near)


def count_near_manhattan() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM restaurants_restaurant WHERE {HAVERSINE} <= %(far)s",
            {"lat": MANHATTAN[0], "lon": MANHATTAN[1], "far": TEN_MILES},
        )
        return int(cursor.fetchone()[0])


def insert(places: list[Place]) -> None:
    """Copy restaurants in; spans of two services a day for a fortnight, as in life."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE spot (lat float8, lon float8, x float8, y float8)"
        )
        with cursor.copy("COPY spot FROM STDIN") as copy:
            for place in places:
                copy.write_row((*place, *to_plane(*place)))
        cursor.execute(INSERT, {"now": timezone.now()})
        cursor.execute("DROP TABLE spot")
        cursor.execute(
            "SELECT 1 FROM information_schema.columns WHERE column_name = 'geog'"
            " AND table_name = 'restaurants_restaurant'"
        )
        if cursor.fetchone():
            cursor.execute(
                "UPDATE restaurants_restaurant SET geog ="
                " ST_MakePoint(longitude, latitude)::geography WHERE geog IS NULL"
            )
        cursor.execute("VACUUM (FULL, ANALYZE) restaurants_restaurant")


INSERT = """
    WITH pattern AS (
        SELECT hour, (SELECT range_agg(tstzrange(start, start + interval '5 hours'))
                        FROM generate_series(0, 27) n,
                             LATERAL (SELECT date_trunc('hour', %(now)s)
                                      - interval '30 hours' + n * interval '12 hours'
                                      + hour * interval '30 minutes') s(start)) spans
          FROM generate_series(0, 23) hour)
    INSERT INTO restaurants_restaurant (
        public_id, region_id, name, slug, status, takes_orders, description, picture,
        drawing, phone, email, website, street_address, locality, postal_code, country,
        latitude, longitude, location, time_zone, currency, offers_delivery,
        offers_pickup, delivery_radius, delivery_fee, minimum_order, tax_rate,
        prices_include_tax, preparation_minutes, answer_minutes, open_spans,
        open_spans_until, rating_total, rating_count, source, source_id, created_at,
        fee_step_metres, fee_step_fees, busy_minutes, pause_reason, missed_in_a_row,
        expects_board)
    SELECT gen_random_uuid(), (SELECT min(id) FROM restaurants_region),
           'Restaurant ' || n, 'restaurant-' || n || '-' || extract(epoch FROM now()),
           'live', true, 'Home cooking.', '', '', '', '', '', n || ' High Street',
           'City', '10000', 'US', lat, lon, point(x, y), 'UTC', 'USD', true, true,
           CASE n %% 4 WHEN 0 THEN 5000 ELSE 16093.44 END, 2.5, 10, 8.5, false, 20, 10,
           spans, now() + interval '12 days', n %% 400, 100, '', '', now(),
           '{}', '{}', 0, '', 0, false
      FROM (SELECT *, row_number() OVER () n FROM spot) s
      JOIN pattern ON hour = n * 7 %% 24
"""


Queries = list[tuple[str, dict[str, Any]]]
Way = Callable[[Place], tuple[Answer, Queries]]
NOW = timezone.now()


def ours(place: Place) -> tuple[Answer, Queries]:
    """Ask the page's selector, and keep the queries that look for places."""
    asked: Queries = []

    def record(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if "<->" in sql:
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        page = list_restaurants_near(
            latitude=place[0], longitude=place[1], moment=NOW, limit=LIMIT
        )
    return [(it.restaurant.pk, it.distance) for it in page.results], asked


def box(place: Place) -> tuple[Answer, Queries]:
    latitude, longitude = place
    high = degrees_of(TEN_MILES)
    wide = high / math.cos(math.radians(abs(latitude) + high))
    asked = (
        BOX,
        {
            "lat": latitude,
            "lon": longitude,
            "now": NOW,
            "south": latitude - high,
            "north": latitude + high,
            "west": longitude - wide,
            "east": longitude + wide,
        },
    )
    return ask(*asked), [asked]


def postgis(place: Place) -> tuple[Answer, Queries]:
    """Ask as ours does: the open ones first, and the closed ones if those are few."""
    params = {"here": f"POINT({place[1]} {place[0]})", "now": NOW, "limit": LIMIT}
    asked = [(POSTGIS.format(is_open=IS_OPEN), params)]
    found = ask(*asked[0])
    if len(found) < LIMIT:
        few = params | {"limit": LIMIT - len(found)}
        asked.append((POSTGIS.format(is_open=f"NOT {IS_OPEN}"), few))
        found += ask(*asked[1])
    return found, asked


def ask(sql: str, params: dict[str, Any]) -> Answer:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [(int(pk), float(distance)) for pk, distance in cursor.fetchall()]


def server_milliseconds(queries: Queries) -> float:
    """Add up what PostgreSQL itself says that planning and running them took."""
    total = 0.0
    with connection.cursor() as cursor:
        for sql, params in queries:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
            [[plan]] = cursor.fetchone()
            total += plan["Planning Time"] + plan["Execution Time"]
    return total


@contextmanager
def planner(name: str) -> Iterator[None]:
    """Keep the planner to indexes that give rows in order, if the name says so."""
    if not name.endswith("by index"):
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET enable_bitmapscan = off; SET enable_seqscan = off")
        yield
        cursor.execute("RESET enable_bitmapscan; RESET enable_seqscan")


def client_milliseconds(queries: Queries) -> float:
    """Time them from here: with the way there and back, parsing and fetching."""
    with connection.cursor() as cursor:
        start = time.perf_counter()
        for sql, params in queries:
            cursor.execute(sql, params)
            cursor.fetchall()
        return (time.perf_counter() - start) * 1000


def measure(places: list[Place], has_postgis: bool) -> dict[str, Any]:
    """Ask each way for each place in turn; the first time only warms up."""
    ways: dict[str, Way] = {"ours": ours, "box": box}
    if has_postgis:
        ways |= {"postgis": postgis, "postgis by index": postgis}
    server: dict[str, list[float]] = {name: [] for name in ways}
    client: dict[str, list[float]] = {name: [] for name in [*ways, "empty"]}
    results = different = 0
    for place in places:
        answers = {}
        for name, way in ways.items():
            with planner(name):
                answers[name], queries = way(place)
                times = [server_milliseconds(queries) for _ in range(3)]
                server[name].append(median(times))
                times = [client_milliseconds(queries) for _ in range(3)]
                client[name].append(median(times))
        client["empty"].append(client_milliseconds([("SELECT 1", {})]))
        results += len(answers["ours"])
        different += sum(not same(answers["ours"], it) for it in answers.values())
    figures = {
        "milliseconds": {name: round(median(it), 3) for name, it in server.items()},
        "mean": {name: round(mean(it), 3) for name, it in server.items()},
        "from the client": {name: round(median(it), 3) for name, it in client.items()},
        "places": len(places),
        "restaurants a list": round(results / len(places), 1),
        "different answers": different,
    }
    tell(f"  {figures}")
    return figures


def same(one: Answer, other: Answer) -> bool:
    """Tell whether two lists agree: as many, equally far, and the same but for ties."""
    if len(one) != len(other):
        return False
    alike = all(
        math.isclose(a, b, rel_tol=1e-6, abs_tol=0.01)
        for (_, a), (_, b) in zip(one, other, strict=True)
    )
    only_in_one = set(dict(one)) ^ set(dict(other))
    distances = dict(one) | dict(other)
    return alike and all(
        math.isclose(distances[pk], one[-1][1], rel_tol=1e-6, abs_tol=0.01)
        for pk in only_in_one
    )
