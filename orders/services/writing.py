"""The rows of a new order, written in one statement."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import Any

from django.db.models import Model

from menus.models import Item
from menus.pricing import ChosenModifier, allergens_of
from notifications.prepared import fetch_rows
from orders.models import (
    Cart,
    Order,
    OrderEvent,
    OrderLine,
    OrderLineModifier,
    Written,
)

# Through the ORM these are nine statements. Lines and modifiers take their keys first,
# since a modifier needs its line's and its parent's.
WRITE = """
WITH placed AS (
    INSERT INTO orders_order ({order})
    SELECT {order} FROM jsonb_populate_record(NULL::orders_order, %(order)s)
    RETURNING id
), event AS (
    INSERT INTO orders_orderevent (order_id, {event})
    SELECT placed.id, {event}
      FROM placed, jsonb_populate_record(NULL::orders_orderevent, %(event)s) AS sent
    RETURNING id
), line AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('orders_orderline', 'id')) AS id, sent, place
      FROM jsonb_array_elements(%(lines)s) WITH ORDINALITY AS one(sent, place)
), modifier AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('orders_orderlinemodifier', 'id')) AS id,
           line.id AS line_id, line.place AS line_place, one.sent, one.place
      FROM line, jsonb_array_elements(line.sent -> 'modifiers')
                 WITH ORDINALITY AS one(sent, place)
), lines AS (
    INSERT INTO orders_orderline (id, order_id, {line})
    SELECT line.id, placed.id, {line}
      FROM placed, line, jsonb_populate_record(NULL::orders_orderline, line.sent) AS its
), modifiers AS (
    INSERT INTO orders_orderlinemodifier (id, line_id, parent_id, {modifier})
    SELECT modifier.id, modifier.line_id, parent.id, {modifier}
      FROM modifier
      LEFT JOIN modifier parent
             ON parent.line_id = modifier.line_id
            AND parent.place = (modifier.sent ->> 'parent')::bigint
     CROSS JOIN jsonb_populate_record(NULL::orders_orderlinemodifier, modifier.sent)
             AS its
), cart AS (
    UPDATE orders_cart
       SET restaurant_id = NULL, fulfilment = %(fulfilment)s, updated_at = %(now)s
     WHERE id = %(cart)s
), cart_modifiers AS (
    DELETE FROM orders_cartlinemodifier modifier USING orders_cartline line
     WHERE modifier.line_id = line.id AND line.cart_id = %(cart)s
), cart_lines AS (
    DELETE FROM orders_cartline WHERE cart_id = %(cart)s
)
SELECT placed.id, event.id, (SELECT array_agg(id ORDER BY place) FROM line),
       (SELECT array_agg(id ORDER BY line_place, place) FROM modifier)
  FROM placed, event
"""
# What nobody knows before the rows are written.
KEYS = {"id", "order_id", "line_id", "parent_id"}


@dataclass(frozen=True)
class NewLine:
    """How many of an item, with what, and what it costs."""

    item: Item
    chosen: Sequence[ChosenModifier]
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal
    note: str = ""


def write_order(
    order: Order,
    event: OrderEvent,
    wanted: Sequence[NewLine],
    *,
    cart: Cart | None = None,
) -> None:
    """Insert an order with its first event and its lines; empty the cart they were in.

    In the caller's transaction. What was written is kept on the order.
    """
    lines = [_line(order, one) for one in wanted]
    modifiers = [
        _modifiers(line, one.chosen) for line, one in zip(lines, wanted, strict=True)
    ]
    sent = [
        {**_row(line), "modifiers": [_modifier_row(one, its) for one in its]}
        for line, its in zip(lines, modifiers, strict=True)
    ]
    [(order.pk, event.pk, line_pks, modifier_pks)] = fetch_rows(
        _statement(),
        {
            "order": json.dumps(_row(order), default=str),
            "event": json.dumps(_row(event), default=str),
            "lines": json.dumps(sent, default=str),
            "fulfilment": str(order.fulfilment),
            "now": order.placed_at,
            "cart": cart.pk if cart else None,
        },
    )
    event.order = order
    for line, pk in zip(lines, line_pks, strict=True):
        line.pk, line.order = pk, order
    for one, pk in zip(chain(*modifiers), modifier_pks or [], strict=True):
        one.pk, one.line, one.parent = pk, one.line, one.parent
    order.written = Written(event, lines, modifiers)


def _line(order: Order, wanted: NewLine) -> OrderLine:
    return OrderLine(
        order=order,
        item=wanted.item,
        name=wanted.item.name,
        quantity=wanted.quantity,
        unit_price=wanted.unit_price,
        amount=wanted.unit_price * wanted.quantity,
        tax_rate=wanted.tax_rate,
        allergens=allergens_of(wanted.item, wanted.chosen),
        note=wanted.note,
    )


def _modifiers(
    line: OrderLine, chosen: Sequence[ChosenModifier]
) -> list[OrderLineModifier]:
    """Return what was chosen on a line, and then what was chosen with that."""
    parents = [_modifier(line, one) for one in chosen]
    return [
        *parents,
        *(
            _modifier(line, child, parent)
            for one, parent in zip(chosen, parents, strict=True)
            for child in one.children
        ),
    ]


def _modifier(
    line: OrderLine, chosen: ChosenModifier, parent: OrderLineModifier | None = None
) -> OrderLineModifier:
    return OrderLineModifier(
        line=line,
        modifier=chosen.modifier,
        parent=parent,
        name=chosen.modifier.name,
        price_difference=chosen.modifier.price_difference,
    )


def _modifier_row(
    one: OrderLineModifier, its_line: list[OrderLineModifier]
) -> dict[str, Any]:
    """Return a modifier's row, with which of its line's its parent is, from 1."""
    place = None if one.parent is None else its_line.index(one.parent) + 1
    return {**_row(one), "parent": place}


def _row(row: Model) -> dict[str, Any]:
    return {name: vars(row)[name] for name in _columns(type(row))}


@cache
def _statement() -> str:
    return WRITE.format(
        order=", ".join(_columns(Order)),
        event=", ".join(_columns(OrderEvent)),
        line=", ".join(_columns(OrderLine)),
        modifier=", ".join(_columns(OrderLineModifier)),
    )


@cache
def _columns(model: type[Model]) -> list[str]:
    fields = model._meta.concrete_fields  # noqa: SLF001 - documented by Django
    return [one.attname for one in fields if one.attname not in KEYS]
