"""Server time of every page of the owner portal, in a restaurant with a long past.

The large restaurant has 100,000 past orders (`--size`), 300 items and 20 orders in
hand; the baseline is the same pages of one with 20 past orders and 20 items. Pages are
found in the portal's own URLs, so one that is added later is measured too. Requests are
served in this process by the whole stack of middleware, one at a time.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from menus.models import Item, ItemModifierGroup, Menu, Modifier, ModifierGroup, Section
from orders.models import Order
from restaurants.geo import to_plane
from restaurants.models import Membership, OpeningHours, Region, Restaurant
from restaurants.services import refresh_restaurant

ORDERS = 100_000
ITEMS = 300
SMALL = 20
IN_HAND = 20
RUNS = 7
GOAL_MILLISECONDS = 200
PLACE = (37.7599, -122.4148)
# What a page can be asked for that costs otherwise.
QUERIES = {
    "figures": [
        f"?part={part}&period={period}"
        for part in ("sales", "service", "items", "guests")
        for period in ("28", "year")
    ],
    "orders_order_changelist": ["", "?q=Diner+2", "?q=5550012", "?q=12"],
}


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def run(*, size: int | None) -> dict[str, object]:
    """Measure each page for both restaurants; the slowest one is the value."""
    call_command("migrate", verbosity=0)
    small = set_up("Small", orders=SMALL, items=SMALL)
    large = set_up("Large", orders=size or ORDERS, items=ITEMS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    pages = dict(addresses(small))
    times: dict[str, dict[str, float]] = {}
    for name, url in addresses(large):
        if name not in pages:
            continue
        before, after = measure(small, pages[name]), measure(large, url)
        if before is None or after is None:
            continue
        times[name] = {
            "ms": round(after.milliseconds, 1),
            "ms when small": round(before.milliseconds, 1),
            "queries": after.queries,
            "queries when small": before.queries,
        }
        tell(f"{name:<48} {times[name]}")
    slowest = max(times, key=lambda name: times[name]["ms"])
    value, baseline = times[slowest]["ms"], times[slowest]["ms when small"]
    growing = [
        name
        for name, figures in times.items()
        if figures["queries"] > figures["queries when small"]
    ]
    return {
        "name": "portal",
        "value": value,
        "unit": f"ms for the slowest page ({slowest})",
        "baseline": baseline,
        "ratio": round(value / baseline, 2),
        "goal": f"{GOAL_MILLISECONDS} ms, with no more queries than when small",
        "met": value <= GOAL_MILLISECONDS and not growing,
        "detail": {"pages": times, "more queries than when small": growing},
    }


@dataclass
class Shop:
    """A restaurant, its owner's browser, and a key for each kind of row."""

    restaurant: Restaurant
    client: Client
    keys: dict[str, int]


@dataclass
class Measured:
    milliseconds: float
    queries: int


def measure(shop: Shop, url: str) -> Measured | None:
    """Return the median of a few requests; None for what is no page to look at."""
    if shop.client.get(url).status_code != 200:  # noqa: PLR2004
        return None
    asked: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        shop.client.get(url)
    taken = []
    for _run in range(RUNS):
        start = time.perf_counter()
        shop.client.get(url)
        taken.append((time.perf_counter() - start) * 1000)
    return Measured(median(taken), len(asked))


def addresses(shop: Shop) -> Iterator[tuple[str, str]]:
    """Yield the name and address of every page of the portal, for one restaurant."""
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.namespace == "owner":
            for name, path in _flat(resolver.url_patterns, f"/{resolver.pattern}"):
                if (url := _filled(path, shop)) is None:
                    continue
                for query in QUERIES.get(name, [""]):
                    yield f"{name}{query}", url + query


def _flat(patterns: list[Any], start: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        path = f"{start}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _flat(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and pattern.name not in {None, "logout"}:
            yield str(pattern.name), path


def _filled(path: str, shop: Shop) -> str | None:
    parts = path.split("/")
    model = parts[3] if len(parts) > 3 else ""  # noqa: PLR2004
    holders = {
        "<int:restaurant_pk>": shop.restaurant.pk,
        "<int:order_pk>": shop.keys["order"],
        "<int:item_pk>": shop.keys["item"],
        "<int:group_pk>": shop.keys["modifiergroup"],
        "<int:line_pk>": shop.keys["line"],
        "<path:object_id>": shop.keys.get(model, 0),
        "<int:pk>": shop.keys["order"],
    }
    for holder, value in holders.items():
        path = path.replace(holder, str(value))
    return None if "<" in path or "(" in path else path


def set_up(name: str, *, orders: int, items: int) -> Shop:
    """Make a restaurant with a menu, a past and orders in hand."""
    tell(f"{name}: {orders} past orders, {items} items")
    region, _new = Region.objects.get_or_create(code="bench", name="Bench")
    restaurant = Restaurant.objects.create(
        region=region,
        name=f"{name} kitchen",
        slug=name.lower(),
        status=Restaurant.Status.LIVE,
        latitude=PLACE[0],
        longitude=PLACE[1],
        location=to_plane(*PLACE),
        country="US",
        time_zone="America/Los_Angeles",
        tax_rate="8.625",
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(
            restaurant=restaurant, weekday=day, opens_at="11:00", closes_at="23:00"
        )
        for day in range(7)
    )
    refresh_restaurant(restaurant_pk=restaurant.pk)
    owner = get_user_model().objects.create_user(f"{name}@bench.example".lower(), "x")
    Membership.objects.create(restaurant=restaurant, user=owner, role="owner")
    group = make_menu(restaurant, items)
    make_past(restaurant, orders)
    client = Client(SERVER_NAME="localhost")
    client.force_login(owner)
    past = Order.objects.filter(restaurant=restaurant).order_by("pk").first()
    menu = Menu.objects.get(restaurant=restaurant)
    section = menu.sections.first()
    assert past is not None
    assert section is not None
    keys = {
        "restaurant": restaurant.pk,
        "menu": menu.pk,
        "section": section.pk,
        "item": section.items.values_list("pk", flat=True)[0],
        "modifiergroup": group.pk,
        "modifier": group.modifiers.values_list("pk", flat=True)[0],
        "order": past.pk,
        "line": past.lines.values_list("pk", flat=True)[0],
    }
    return Shop(restaurant, client, keys)


def make_menu(restaurant: Restaurant, count: int) -> ModifierGroup:
    """Write sections of twenty items, each with the same two modifier groups."""
    menu = Menu.objects.create(restaurant=restaurant, name="All day")
    sections = Section.objects.bulk_create(
        Section(menu=menu, name=f"Section {n}", position=n)
        for n in range((count + 19) // 20)
    )
    groups = ModifierGroup.objects.bulk_create(
        ModifierGroup(restaurant=restaurant, name=name, max_choices=2)
        for name in ("Size", "Extras")
    )
    Modifier.objects.bulk_create(
        Modifier(group=group, name=f"Choice {n}", price_difference=n)
        for group in groups
        for n in range(6)
    )
    items = Item.objects.bulk_create(
        Item(
            restaurant=restaurant,
            section=sections[n // 20],
            name=f"Dish {n}",
            code=f"D{n}",
            price=8 + n % 12,
            position=n % 20,
        )
        for n in range(count)
    )
    ItemModifierGroup.objects.bulk_create(
        ItemModifierGroup(item=item, group=group) for item in items for group in groups
    )
    return groups[0]


def make_past(restaurant: Restaurant, count: int) -> None:
    """Write orders of the last year, the newest of them in hand, by statements."""
    parameters: dict[str, Any] = {
        "restaurant": restaurant.pk,
        "count": count + IN_HAND,
        "past": count,
        "step": timedelta(days=360) / count,
        "now": timezone.now(),
        "people": max(count // 20, 5),
        "mail": f"{restaurant.slug}-",
    }
    with connection.cursor() as cursor:
        for statement in PAST:
            cursor.execute(statement, parameters)


# Number n was placed that many steps before now; one in 25 was cancelled.
PAST = (
    """
    INSERT INTO customers_user (password, is_superuser, email, name, phone, time_zone,
        locale, is_active, is_staff, date_joined)
    SELECT '', false, %(mail)s || n || '@diner.example', 'Diner ' || n, '', 'UTC', 'en',
           true, false, %(now)s FROM generate_series(1, %(people)s) n
    """,
    """
    INSERT INTO orders_order (public_id, number, region_id, restaurant_id, customer_id,
        idempotency_key, status, fulfilment, payment_method, payment_status,
        restaurant_name, customer_name, customer_phone, address, latitude, longitude,
        distance, delivery_instructions, kitchen_note, currency, subtotal, delivery_fee,
        tax, prices_include_tax, tip, total, placed_at, answer_by, preparation_minutes,
        promised_from, promised_until, current_from, current_until, due_at, accepted_at,
        ready_at, out_at, ended_at, end_reason, end_actor, opened_at, is_test,
        service_day)
    SELECT gen_random_uuid(), n, r.region_id, r.id, u.id, gen_random_uuid(), s.status,
           CASE n %% 4 WHEN 0 THEN 'pickup' ELSE 'delivery' END, 'cash',
           CASE s.status WHEN 'delivered' THEN 'captured' WHEN 'collected'
           THEN 'captured' WHEN 'cancelled' THEN 'voided' ELSE 'pending' END,
           r.name, u.name, '+14155550' || lpad((n %% 1000)::text, 3, '0'),
           '3180 18th St', 37.76, -122.41, 900, '', '', 'USD', 24 + n %% 9, 2.5,
           2.07, false, 0, 24 + n %% 9 + 4.57, t.at, t.at + interval '10 minutes', 20,
           t.at + interval '30 minutes', t.at + interval '45 minutes',
           t.at + interval '30 minutes', t.at + interval '45 minutes',
           t.at + interval '22 minutes',
           CASE WHEN s.status IN ('delivered', 'collected', 'preparing')
                THEN t.at + interval '2 minutes' END,
           CASE WHEN s.status IN ('delivered', 'collected')
                THEN t.at + (18 + n %% 15) * interval '1 minute' END,
           CASE WHEN s.status = 'delivered'
                THEN t.at + (20 + n %% 15) * interval '1 minute' END,
           CASE WHEN s.status NOT IN ('placed', 'preparing')
                THEN t.at + (32 + n %% 25) * interval '1 minute' END,
           CASE s.status WHEN 'cancelled' THEN 'sold_out' ELSE '' END,
           CASE s.status WHEN 'cancelled' THEN 'restaurant' ELSE '' END,
           t.at, false, (t.at AT TIME ZONE r.time_zone)::date
      FROM generate_series(1, %(count)s) n
      JOIN restaurants_restaurant r ON r.id = %(restaurant)s
      CROSS JOIN LATERAL (SELECT CASE
               WHEN n > %(past)s THEN (ARRAY['placed', 'preparing'])[n %% 2 + 1]
               WHEN n %% 25 = 0 THEN 'cancelled'
               WHEN n %% 4 = 0 THEN 'collected' ELSE 'delivered' END) s(status)
      CROSS JOIN LATERAL (SELECT %(now)s - interval '5 minutes'
               - greatest(0, %(past)s - n) * %(step)s
               - CASE WHEN n > %(past)s THEN interval '0' ELSE interval '2 hours' END
           ) t(at)
      JOIN LATERAL (SELECT * FROM customers_user
            WHERE email = %(mail)s || (n %% %(people)s + 1) || '@diner.example') u
        ON true
    """,
    """
    INSERT INTO orders_orderline (order_id, item_id, name, quantity, unit_price, amount,
        tax_rate, allergens, note)
    SELECT o.id, i.id, i.name, 1, 12, 12, 8.625, '[]', ''
      FROM orders_order o
      CROSS JOIN generate_series(0, 1) k
      JOIN (SELECT id, name, row_number() OVER (ORDER BY id) - 1 AS n,
                   count(*) OVER () AS many FROM menus_item
             WHERE restaurant_id = %(restaurant)s) i
        ON i.n = (o.number + k * 7) %% i.many
     WHERE o.restaurant_id = %(restaurant)s
    """,
    """
    INSERT INTO orders_orderevent (order_id, at, actor, from_status, to_status, reason,
        note, window_after_from, window_after_until)
    SELECT o.id, o.placed_at + e.n * interval '5 minutes', 'restaurant', e.was, e.now,
           '', '', o.promised_from, o.promised_until
      FROM orders_order o
      CROSS JOIN (VALUES (0, '', 'placed'), (1, 'placed', 'accepted'),
                         (2, 'accepted', 'ready')) e(n, was, now)
     WHERE o.restaurant_id = %(restaurant)s
    """,
    """
    INSERT INTO orders_review (order_id, restaurant_id, food_rating, text, created_at,
        answer)
    SELECT id, restaurant_id, 1 + number %% 5, 'Good.', ended_at, ''
      FROM orders_order WHERE restaurant_id = %(restaurant)s AND number %% 3 = 0
       AND status IN ('delivered', 'collected')
    """,
)
