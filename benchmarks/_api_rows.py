"""The rows that `bin/bench api` asks about: a marketplace with a long past.

Everything is written by statements over sets of rows. Foreign keys are not looked at
meanwhile, since what is written is made from what they point to.
"""

import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from oauth2_provider.models import Application

from benchmarks.list import load

CUSTOMERS = 50_000
SHOPS = 400
TOKEN = "bench-token-%d"  # noqa: S105 - of a benchmark's own server
# How much longer a shop is open, so that orders can be placed at it to the end.
OPEN_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Shop:
    """A restaurant with a whole menu, open now, and a place close to it."""

    public_id: str
    latitude: float
    longitude: float


def tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def prepare(*, restaurants: int, orders: int) -> list[Shop]:
    """Write so many restaurants and orders, customers with tokens and full carts."""
    load(restaurants)
    shops = choose_shops()
    if not shops:
        raise RuntimeError("No restaurant is open: run it at another hour.")
    tell(f"Writing menus, customers with tokens and carts, and {orders:,} orders.")
    parameters: dict[str, Any] = {
        "now": timezone.now(),
        "customers": CUSTOMERS,
        "orders": orders,
        "step": timedelta(days=700) / orders,
        "token": TOKEN.replace("%d", ""),
        "application": Application.objects.create(
            name="bench", client_type="public", authorization_grant_type="password"
        ).pk,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in STATEMENTS:
            cursor.execute(statement, parameters)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    return shops


def choose_shops() -> list[Shop]:
    """Keep some restaurants around Manhattan that are open, in a table of their own."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_shop")
        cursor.execute(
            """
            CREATE TABLE bench_shop AS
            SELECT row_number() OVER () - 1 AS n, r.id, r.public_id, r.latitude,
                   r.longitude FROM restaurants_restaurant r
              JOIN menus_menu m ON m.restaurant_id = r.id
             WHERE open_spans @> tstzrange(%s, %s) AND offers_delivery
             ORDER BY r.id LIMIT %s
            """,
            [now, now + OPEN_FOR, SHOPS],
        )
        cursor.execute(
            "SELECT public_id::text, latitude, longitude FROM bench_shop ORDER BY n"
        )
        return [Shop(*row) for row in cursor.fetchall()]


# A shop's menu: four sections of ten dishes, each with a size to choose and extras.
# Customer n has cart n at shop n, with two of one dish and one of another.
STATEMENTS = (
    "DELETE FROM menus_item WHERE restaurant_id IN (SELECT id FROM bench_shop)",
    """
    INSERT INTO menus_section (name, description, position, source_id, menu_id)
    SELECT (ARRAY['Starters', 'Mains', 'Desserts'])[k], '', k, '', m.id
      FROM bench_shop s JOIN menus_menu m ON m.restaurant_id = s.id
      CROSS JOIN generate_series(1, 3) k
    """,
    """
    INSERT INTO menus_item (public_id, code, name, description, photo, drawing, price,
        diets, allergens, position, is_active, source_id, is_draft, restaurant_id,
        section_id)
    SELECT gen_random_uuid(), '', 'Dish ' || s.name || ' ' || k,
           'Slowly cooked with tomatoes, basil and what the market has.', '', '',
           8 + k, '{vegetarian}', '{gluten,milk}', k, true, '', false, m.restaurant_id,
           s.id
      FROM bench_shop b JOIN menus_menu m ON m.restaurant_id = b.id
      JOIN menus_section s ON s.menu_id = m.id CROSS JOIN generate_series(1, 10) k
    """,
    """
    INSERT INTO menus_modifiergroup (name, min_choices, max_choices, source_id,
        restaurant_id)
    SELECT g.name, g.least, g.most, '', b.id FROM bench_shop b
      CROSS JOIN (VALUES ('Size', 1, 1), ('Extras', 0, 3)) g(name, least, most)
    """,
    """
    INSERT INTO menus_modifier (public_id, name, price_difference, diets, allergens,
        position, source_id, group_id)
    SELECT gen_random_uuid(), g.name || ' ' || k, k, '{}', '{}', k, '', g.id
      FROM menus_modifiergroup g CROSS JOIN generate_series(1, 4) k
    """,
    """
    INSERT INTO menus_itemmodifiergroup (position, item_id, group_id)
    SELECT g.min_choices, i.id, g.id FROM menus_modifiergroup g
      JOIN menus_item i ON i.restaurant_id = g.restaurant_id
    """,
    """
    CREATE TABLE bench_customer AS
    WITH made AS (
        INSERT INTO customers_user (password, is_superuser, email, name, phone,
            time_zone, locale, is_active, is_staff, is_guest, date_joined)
        SELECT '', false, 'api-' || n || '@diner.example', 'Diner ' || n,
               '+14155550198', 'America/New_York', 'en', true, false, false, %(now)s
          FROM generate_series(0, %(customers)s - 1) n
        RETURNING id)
    SELECT row_number() OVER (ORDER BY id) - 1 AS n, id FROM made
    """,
    """
    INSERT INTO oauth2_provider_accesstoken (token, token_checksum, expires, scope,
        application_id, user_id, created, updated, resource)
    SELECT encode(sha256(t.token), 'hex'), encode(sha256(t.token), 'hex'),
           %(now)s + interval '1 day', 'customer', %(application)s, c.id, %(now)s,
           %(now)s, '[]'
      FROM bench_customer c
      CROSS JOIN LATERAL (SELECT convert_to(%(token)s || c.n, 'utf8')) t(token)
    """,
    """
    INSERT INTO restaurants_membership (role, user_id, restaurant_id)
    SELECT 'owner', c.id, b.id
      FROM bench_shop b JOIN bench_customer c ON c.n = %(customers)s - 1 - b.n
    """,
    """
    INSERT INTO orders_cart (token, fulfilment, updated_at, restaurant_id, user_id)
    SELECT 'bench-' || c.n, 'delivery', %(now)s, b.id, c.id FROM bench_customer c
      JOIN bench_shop b ON b.n = c.n %% (SELECT count(*) FROM bench_shop)
    """,
    """
    INSERT INTO orders_cartline (public_id, quantity, note, unit_price_seen, created_at,
        cart_id, item_id)
    SELECT gen_random_uuid(), 3 - i.position, '', i.price + 1, %(now)s, cart.id, i.id
      FROM orders_cart cart JOIN menus_item i USING (restaurant_id)
      JOIN menus_section s ON s.id = i.section_id
     WHERE s.name = 'Mains' AND i.position <= 2
    """,
    """
    INSERT INTO orders_cartlinemodifier (line_id, modifier_id)
    SELECT line.id, m.id FROM orders_cartline line
      JOIN orders_cart cart ON cart.id = line.cart_id
      JOIN menus_modifiergroup g USING (restaurant_id)
      JOIN menus_modifier m ON m.group_id = g.id
     WHERE g.min_choices = 1 AND m.position = 1
    """,
    """
    INSERT INTO orders_ordernumber (restaurant_id, last)
    SELECT id, %(orders)s FROM bench_shop
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
    SELECT gen_random_uuid(), o.n, r.region_id, r.id, c.id, gen_random_uuid(),
           CASE o.n %% 25 WHEN 0 THEN 'cancelled' ELSE 'delivered' END, 'delivery',
           'cash', CASE o.n %% 25 WHEN 0 THEN 'voided' ELSE 'captured' END,
           r.name, 'Diner', '+14155550198', '3180 18th St', 40.75, -73.98, 900, '', '',
           'USD', 24 + o.n %% 9, 2.5, 2.07, false, 0, 24 + o.n %% 9 + 4.57, t.at,
           t.at + interval '10 minutes', 20, t.at + interval '30 minutes',
           t.at + interval '45 minutes', t.at + interval '30 minutes',
           t.at + interval '45 minutes', t.at + interval '22 minutes',
           t.at + interval '2 minutes', t.at + interval '20 minutes',
           t.at + interval '25 minutes', t.at + interval '40 minutes',
           CASE o.n %% 25 WHEN 0 THEN 'sold_out' ELSE '' END,
           CASE o.n %% 25 WHEN 0 THEN 'restaurant' ELSE '' END, t.at, false,
           (t.at AT TIME ZONE r.time_zone)::date
      FROM generate_series(1, %(orders)s) o(n)
      CROSS JOIN LATERAL (SELECT %(now)s - interval '2 hours' - o.n * %(step)s) t(at)
      JOIN bench_customer c ON c.n = o.n %% %(customers)s
      JOIN (SELECT row_number() OVER (ORDER BY r.id) - 1 AS n, r.*
              FROM restaurants_restaurant r JOIN menus_menu m ON m.restaurant_id = r.id
           ) r ON r.n = (o.n::bigint * 7919 + o.n / %(customers)s)
                        %% (SELECT count(*) FROM menus_menu)
    """,
    """
    INSERT INTO orders_orderline (order_id, item_id, name, quantity, unit_price, amount,
        tax_rate, allergens, note)
    SELECT o.id, NULL, 'Dish ' || o.number %% 97 || '-' || k, k, 12, 12 * k, 8.5, '[]',
           '' FROM orders_order o CROSS JOIN generate_series(1, 2) k
    """,
)
