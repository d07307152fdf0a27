"""A customer's order with all that is told of it, in one statement.

Apps ask for it again and again while it is under way.
"""

from functools import cache
from uuid import UUID

from django.db import connection

from customers.models import User
from menus.models import Item
from notifications.prepared import fetch_rows
from orders.models import (
    Claim,
    ClaimLine,
    LineChange,
    Order,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
    Review,
)
from orders.selectors.rows import Models, make_instances, put_children, with_columns
from restaurants.models import Restaurant

# Which model each name of the statement stands for, in the order of its answer.
MODELS: Models = {
    "placed": Order,
    "restaurant": Restaurant,
    "line": OrderLine,
    "chosen": OrderLineModifier,
    "event": OrderEvent,
    "change": LineChange,
    "review": Review,
    "claim": Claim,
    "claimed": ClaimLine,
}
SQL = """
WITH placed AS (
    SELECT * FROM orders_order
     WHERE public_id = %(public_id)s AND customer_id = %(customer)s),
line AS (
    SELECT * FROM orders_orderline WHERE order_id IN (SELECT id FROM placed)),
claim AS (
    SELECT * FROM orders_claim WHERE order_id IN (SELECT id FROM placed))
SELECT
  ARRAY(SELECT ROW({placed}) FROM placed),
  ARRAY(SELECT ROW({restaurant}) FROM restaurants_restaurant restaurant
         WHERE id IN (SELECT restaurant_id FROM placed)),
  ARRAY(SELECT ROW({line}) FROM line ORDER BY id),
  ARRAY(SELECT ROW({chosen}) FROM orders_orderlinemodifier chosen
         WHERE line_id IN (SELECT id FROM line) ORDER BY id),
  ARRAY(SELECT ROW({event}) FROM orders_orderevent event
         WHERE order_id IN (SELECT id FROM placed) ORDER BY at, id),
  ARRAY(SELECT ROW({change}) FROM orders_linechange change
         WHERE order_id IN (SELECT id FROM placed) ORDER BY proposed_at, id),
  ARRAY(SELECT ROW({review}) FROM orders_review review
         WHERE order_id IN (SELECT id FROM placed)),
  ARRAY(SELECT ROW({claim}) FROM claim),
  ARRAY(SELECT ROW({claimed}) FROM orders_claimline claimed
         WHERE claim_id IN (SELECT id FROM claim) ORDER BY id),
  ARRAY(SELECT ROW(id, public_id) FROM menus_item
         WHERE id IN (SELECT item_id FROM line))
"""


def get_order_for_customer(*, customer: User, public_id: UUID) -> Order:
    """Return a customer's own order with all that is told of it; DoesNotExist else.

    Of its lines' items only the ids are loaded.
    """
    asked = {"public_id": public_id, "customer": customer.pk}
    [tables] = fetch_rows(_query(), asked)
    made = make_instances(MODELS, tables[:-1])
    if not made["placed"]:
        raise Order.DoesNotExist
    order: Order
    [order] = made["placed"].values()
    [order.restaurant] = made["restaurant"].values()
    order.customer = customer
    put_children(made["placed"], "lines", made["line"], "order_id")
    put_children(made["placed"], "events", made["event"], "order_id")
    put_children(made["placed"], "line_changes", made["change"], "order_id")
    put_children(made["line"], "modifiers", made["chosen"], "line_id")
    put_children(made["claim"], "lines", made["claimed"], "claim_id")
    for row in made["claimed"].values():
        row.line = made["line"][row.line_id]
    items = {
        row[0]: Item.from_db(connection.alias, ["id", "public_id"], row)
        for row in tables[-1]
    }
    for line in made["line"].values():
        line.item = items.get(line.item_id)
    for relation in ("review", "claim"):
        # Lest what is not there is looked for.
        order._state.fields_cache[relation] = None  # noqa: SLF001
        for opinion in made[relation].values():
            opinion.order = order
    return order


@cache
def _query() -> str:
    return with_columns(SQL, MODELS)
