"""Lines changed after ordering: the restaurant proposes, the customer decides."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import read_body
from menus.models import Item
from notifications.fields import (
    MoneyInput,
    PublicId,
    Strict,
    Text,
    present_money,
)
from orders.api.asking import amount_in
from orders.api.owner_asking import OwnerView
from orders.api.owner_board import get_visible_order
from orders.models import LineChange, Order, OrderLine
from orders.portal import actor_of
from orders.selectors import list_replacements
from orders.serializers.lines import (
    LineChangeSerializer,
    line_pk_of,
    present_line_change,
)
from orders.serializers.owner_orders import (
    LineChangePreviewSerializer,
    ReplacementListSerializer,
    present_preview,
)
from orders.services.changing import (
    preview_line_change,
    propose_line_change,
    withdraw_line_change,
)

NO_LINE = "The order has no such line."
NO_ITEM = "The restaurant has no such item."


class LineChangeInputSerializer(Strict):
    line_id = PublicId()
    item_id = PublicId(
        allow_null=True, help_text="What comes instead; null to leave the line out."
    )
    unit_price = MoneyInput(
        required=False,
        allow_null=True,
        help_text="The item's own without it. It may be lowered, not raised.",
    )
    note = Text(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="A few words to the customer.",
    )


WISH = OpenApiExample(
    "A marinara instead",
    value={
        "line_id": "0b5c2d0e-7d3d-4b6a-94a2-6c6f2b5f6a5e",
        "item_id": "e2f1d7a4-3f53-4c0b-8d1c-0d9c3b6e5a11",
        "unit_price": {"amount": 1100, "currency": "USD"},
        "note": "We are out of mozzarella.",
    },
    request_only=True,
)
CHANGE = OpenApiExample(
    "The customer is asked",
    value={
        "id": "b3e5d4f6-0f8b-4a5e-9b7a-2c1d0e9f8a7b",
        "status": "proposed",
        "line_id": "0b5c2d0e-7d3d-4b6a-94a2-6c6f2b5f6a5e",
        "line_name": "Margherita",
        "new_name": "Marinara",
        "new_unit_price": {"amount": 1100, "currency": "USD"},
        "note": "We are out of mozzarella.",
        "total_before": {"amount": 4166, "currency": "USD"},
        "total_after": {"amount": 3192, "currency": "USD"},
        "proposed_at": "2026-11-21T03:02:00Z",
        "answered_at": None,
    },
    response_only=True,
)


def _read_wish(request: Request, order: Order) -> tuple[dict[str, Any], str]:
    """Return what the services take of a wish, and the note to the customer."""
    asked = read_body(LineChangeInputSerializer, request)
    wish = {
        "order_pk": order.pk,
        "line_pk": _line_of(order, asked["line_id"]).pk,
        "item_pk": _item_pk(order, asked["item_id"]),
        "unit_price": amount_in(asked, "unit_price", order.currency),
    }
    if wish["item_pk"] is None:
        # Nothing is cheaper than leaving it out.
        wish["unit_price"] = None
    return wish, asked.get("note", "")


def _find_line(order: Order, line_id: UUID) -> OrderLine | None:
    pk = line_pk_of(line_id)
    return next((line for line in order.lines.all() if line.pk == pk), None)


def _line_of(order: Order, line_id: UUID) -> OrderLine:
    line = _find_line(order, line_id)
    if line is None:
        raise ValidationError({"line_id": [NO_LINE]}, code="does_not_exist")
    return line


def _item_pk(order: Order, item_id: UUID | None) -> int | None:
    if item_id is None:
        return None
    items = Item.objects.filter(restaurant=order.restaurant_id, is_draft=False)
    pk = items.filter(public_id=item_id).values_list("pk", flat=True).first()
    if pk is None:
        raise ValidationError({"item_id": [NO_ITEM]}, code="does_not_exist")
    return pk


class LineChangesView(OwnerView):
    @extend_schema(
        operation_id="propose_owner_line_change",
        request=LineChangeInputSerializer,
        responses={status.HTTP_201_CREATED: LineChangeSerializer},
        examples=[WISH, CHANGE],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Ask the customer to take another item instead of a line, or to go without.

        Until the order is ready. They answer in their app; then the order has its new
        lines and total. Duty `board`.
        """
        order = get_visible_order(request, order_id)
        wish, note = _read_wish(request, order)
        actor = actor_of(request, order)
        change = propose_line_change(**wish, actor=actor, note=note)
        return Response(
            present_line_change(change, order.currency), status.HTTP_201_CREATED
        )


class LineChangePreviewView(OwnerView):
    @extend_schema(
        operation_id="preview_owner_line_change",
        request=LineChangeInputSerializer,
        responses={200: LineChangePreviewSerializer},
        examples=[
            WISH,
            OpenApiExample(
                "Both totals",
                value={
                    "new_name": "Marinara",
                    "new_unit_price": {"amount": 1100, "currency": "USD"},
                    "total_before": {"amount": 4166, "currency": "USD"},
                    "total_after": {"amount": 3192, "currency": "USD"},
                },
                response_only=True,
            ),
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Read what an order would come to with another item, or without a line.

        Nothing is changed and nobody is asked; it is refused as proposing it would be.
        Duty `board`.
        """
        order = get_visible_order(request, order_id)
        wish, _note = _read_wish(request, order)
        proposal = preview_line_change(**wish)
        return Response(
            present_preview(
                name=proposal.item.name if proposal.item else None,
                price=proposal.unit_price,
                before=proposal.total_before,
                after=proposal.total_after,
                currency=order.currency,
            )
        )


class LineChangeView(OwnerView):
    @extend_schema(
        operation_id="withdraw_owner_line_change",
        request=None,
        responses={status.HTTP_204_NO_CONTENT: None},
    )
    def delete(self, request: Request, order_id: UUID, change_id: UUID) -> Response:
        """Take the question to the customer back.

        Repeating it changes nothing; 409 when they have answered. Duty `board`.
        """
        order = get_visible_order(request, order_id)
        change = LineChange.objects.get(order=order, public_id=change_id)
        withdraw_line_change(change_pk=change.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReplacementsView(OwnerView):
    @extend_schema(
        operation_id="list_owner_replacements",
        responses=ReplacementListSerializer,
        examples=[
            OpenApiExample(
                "A marinara",
                value={
                    "results": [
                        {
                            "id": "e2f1d7a4-3f53-4c0b-8d1c-0d9c3b6e5a11",
                            "name": "Marinara",
                            "section_name": "Pizza",
                            "price": {"amount": 1150, "currency": "USD"},
                        }
                    ],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, order_id: UUID, line_id: UUID) -> Response:
        """List what a line could become now, in the menu's order, all at once.

        Items that ask for a choice are not among them: nobody chooses for the
        customer. Duty `board`.
        """
        order = get_visible_order(request, order_id)
        line = _find_line(order, line_id)
        if line is None:
            raise NotFound
        items = list_replacements(restaurant=order.restaurant, quantity=line.quantity)
        rows = [
            {
                "id": str(item.public_id),
                "name": item.name,
                "section_name": item.section.name,
                "price": present_money(item.price, order.currency),
            }
            for item in items
        ]
        return Response({"results": rows})
