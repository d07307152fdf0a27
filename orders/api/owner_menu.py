"""What is sold out, as the kitchen says it."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from customers.api.asking import read_body
from menus.models import Item, Modifier
from menus.selectors import list_items_on_sale, list_modifiers_on_sale
from menus.services import bring_item_back, bring_modifier_back
from orders.api.owner_asking import OwnerView, get_own_restaurant
from orders.serializers.owner_restaurants import (
    KitchenItemSerializer,
    KitchenMenuSerializer,
    KitchenModifierSerializer,
    SoldOutInputSerializer,
    present_kitchen_item,
    present_kitchen_menu,
    present_kitchen_modifier,
)
from orders.services.kitchen import sell_out_item, sell_out_modifier
from restaurants.availability import Until
from restaurants.models import Duty
from restaurants.owner_site import own_restaurants

MARGHERITA = {
    "id": "5a0a6f3e-91be-4d6b-b5b5-4c3cf0a80f4f",
    "name": "Margherita",
    "menu_name": "Dinner",
    "section_name": "Pizza",
    "price": {"amount": 1250, "currency": "USD"},
    "is_sold_out": True,
    "sold_out_until": "2026-11-21T06:30:00Z",
    "portions_left": None,
    "modifier_ids": [],
}
BURRATA = {
    "id": "c9d4dd9e-0b0b-4b41-a5a3-6f9c2a1c86c1",
    "name": "Burrata",
    "group_name": "Extras",
    "price_difference": {"amount": 300, "currency": "USD"},
    "is_sold_out": False,
    "sold_out_until": None,
    "item_id": None,
}
REST_OF_SERVICE = OpenApiExample(
    "For the rest of the service", value={"until": "service"}, request_only=True
)
AN_ITEM = OpenApiExample("A margherita", value=MARGHERITA, response_only=True)
A_MODIFIER = OpenApiExample("An extra", value=BURRATA, response_only=True)


class KitchenMenuView(OwnerView):
    @extend_schema(
        operation_id="get_owner_menu",
        responses=KitchenMenuSerializer,
        examples=[
            OpenApiExample(
                "One item, one modifier",
                value={
                    "restaurant_id": "0a4d9cbb-52a1-4f43-8a0c-3a44fcd2f0a3",
                    "time_zone": "America/Los_Angeles",
                    "items": [MARGHERITA],
                    "modifiers": [BURRATA],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        """Read what can be sold out, and what is.

        The items and modifiers of the menus that customers see. Duty `board`.
        """
        restaurant = get_own_restaurant(request, restaurant_id, Duty.BOARD)
        return Response(
            present_kitchen_menu(
                restaurant,
                items=list_items_on_sale(restaurant=restaurant),
                modifiers=list_modifiers_on_sale(restaurant=restaurant),
                now=timezone.now(),
            )
        )


def _get_item(request: Request, item_id: UUID) -> Item:
    items = Item.objects.filter(
        restaurant__in=own_restaurants(request.user, Duty.BOARD).order_by(),
        is_draft=False,
    )
    loaded = items.select_related("restaurant", "section__menu")
    return loaded.prefetch_related("linked_modifiers").get(public_id=item_id)


def _answer_item(request: Request, item_id: UUID) -> Response:
    item = _get_item(request, item_id)
    linked = item.linked_modifiers.all()
    return Response(present_kitchen_item(item, linked, item.restaurant, timezone.now()))


class SellOutItemView(OwnerView):
    @extend_schema(
        operation_id="sell_out_owner_item",
        request=SoldOutInputSerializer,
        responses={200: KitchenItemSerializer},
        examples=[REST_OF_SERVICE, AN_ITEM],
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Take no orders of an item for now (86 it).

        Nor of the modifiers that are this item. Customers who have it in a cart are
        told. Duty `board`.
        """
        item = _get_item(request, item_id)
        asked = read_body(SoldOutInputSerializer, request)
        sell_out_item(item_pk=item.pk, until=Until(asked["until"]))
        return _answer_item(request, item_id)


class BringItemBackView(OwnerView):
    @extend_schema(
        operation_id="bring_owner_item_back",
        request=None,
        responses={200: KitchenItemSerializer},
        examples=[AN_ITEM],
    )
    def post(self, request: Request, item_id: UUID) -> Response:
        """Sell an item again, and the modifiers that are this item.

        If no portions were left, they are counted no longer. Duty `board`.
        """
        bring_item_back(item_pk=_get_item(request, item_id).pk)
        return _answer_item(request, item_id)


def _get_modifier(request: Request, modifier_id: UUID) -> Modifier:
    own = own_restaurants(request.user, Duty.BOARD).order_by()
    modifiers = Modifier.objects.filter(group__restaurant__in=own)
    loaded = modifiers.select_related("group__restaurant", "linked_item")
    return loaded.get(public_id=modifier_id)


def _answer_modifier(request: Request, modifier_id: UUID) -> Response:
    modifier = _get_modifier(request, modifier_id)
    restaurant = modifier.group.restaurant
    return Response(present_kitchen_modifier(modifier, restaurant, timezone.now()))


class SellOutModifierView(OwnerView):
    @extend_schema(
        operation_id="sell_out_owner_modifier",
        request=SoldOutInputSerializer,
        responses={200: KitchenModifierSerializer},
        examples=[REST_OF_SERVICE, A_MODIFIER],
    )
    def post(self, request: Request, modifier_id: UUID) -> Response:
        """Take no orders of a modifier for now (86 it).

        Nor of the item that it is, and of the other modifiers that are this item.
        Customers who have it in a cart are told. Duty `board`.
        """
        modifier = _get_modifier(request, modifier_id)
        asked = read_body(SoldOutInputSerializer, request)
        sell_out_modifier(modifier_pk=modifier.pk, until=Until(asked["until"]))
        return _answer_modifier(request, modifier_id)


class BringModifierBackView(OwnerView):
    @extend_schema(
        operation_id="bring_owner_modifier_back",
        request=None,
        responses={200: KitchenModifierSerializer},
        examples=[A_MODIFIER],
    )
    def post(self, request: Request, modifier_id: UUID) -> Response:
        """Sell a modifier again, and the item that it is.

        Duty `board`.
        """
        bring_modifier_back(modifier_pk=_get_modifier(request, modifier_id).pk)
        return _answer_modifier(request, modifier_id)
