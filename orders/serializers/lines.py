"""What the API tells of an order's lines, and of changes to them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers

from notifications.fields import Code, Money, Strict, present_moment
from notifications.fields import present_money as money
from notifications.opaque import opaque_id, pk_of
from orders.models import LineChange, Order, OrderLine, OrderLineModifier

Present = dict[str, Any]
# What ids of an order's lines are made of.
LINE = "order_line"


class OrderModifierSerializer(Strict):
    """What was chosen with a line."""

    name = serializers.CharField()
    price_difference = Money()
    modifiers = serializers.ListField(
        child=serializers.CharField(), help_text="What was chosen with it, by name."
    )


class OrderLineSerializer(Strict):
    """A line of an order, as it was placed."""

    id = serializers.UUIDField()
    item_id = serializers.UUIDField(
        allow_null=True, help_text="Null when the item exists no more."
    )
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = Money(help_text="One of it, with its modifiers.")
    amount = Money()
    modifiers = OrderModifierSerializer(many=True)
    allergens = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)


class LineChangeSerializer(Strict):
    """The restaurant's question whether a line may be replaced or left out."""

    id = serializers.UUIDField()
    status = Code(LineChange.Status)
    line_id = serializers.UUIDField(allow_null=True)
    line_name = serializers.CharField()
    new_name = serializers.CharField(
        allow_null=True, help_text="What would come instead; null to leave it out."
    )
    new_unit_price = Money(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    total_before = Money()
    total_after = Money()
    proposed_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


def present_lines(order: Order) -> list[Present]:
    """Return the lines of an order, loaded with items and modifiers."""
    return [_present_line(line, order.currency) for line in order.lines.all()]


def _present_line(line: OrderLine, currency: str) -> Present:
    return {
        "id": line_id_of(line.pk),
        "item_id": str(line.item.public_id) if line.item else None,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "amount": money(line.amount, currency),
        "modifiers": _present_modifiers(list(line.modifiers.all()), currency),
        "allergens": line.allergens,
        "note": line.note,
    }


def _present_modifiers(rows: list[OrderLineModifier], currency: str) -> list[Present]:
    return [
        {
            "name": row.name,
            "price_difference": money(_with_children(row, rows), currency),
            "modifiers": [one.name for one in rows if one.parent_id == row.pk],
        }
        for row in rows
        if row.parent_id is None
    ]


def _with_children(
    row: OrderLineModifier, rows: Iterable[OrderLineModifier]
) -> Decimal:
    children = (one.price_difference for one in rows if one.parent_id == row.pk)
    return sum(children, row.price_difference)


def present_line_change(change: LineChange, currency: str) -> Present:
    price = change.new_unit_price
    line_pk = change.line_id
    return {
        "id": str(change.public_id),
        "status": change.status,
        "line_id": None if line_pk is None else line_id_of(line_pk),
        "line_name": change.line_name,
        "new_name": change.new_name or None,
        "new_unit_price": None if price is None else money(price, currency),
        "note": change.note,
        "total_before": money(change.total_before, currency),
        "total_after": money(change.total_after, currency),
        "proposed_at": present_moment(change.proposed_at),
        "answered_at": present_moment(change.answered_at),
    }


def line_id_of(pk: int) -> str:
    return str(opaque_id(LINE, pk))


def line_pk_of(line_id: UUID) -> int | None:
    """Return the key of a line by the id that was answered; None for no line's."""
    return pk_of(LINE, line_id)
