"""The restaurant's own courier of an order: `/api/v1/owner/orders/{order_id}/courier`.

Couriers need no account: whoever has the link carries the order.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_body, read_form
from customers.models import Scope
from delivery.forms import CourierForm
from delivery.models import Delivery
from delivery.services import assign_courier
from notifications.fields import Code, Strict, Text
from orders.exceptions import IllegalTransitionError
from orders.portal import visible_orders


class CourierInputSerializer(Strict):
    name = Text(max_length=120)
    phone = Text(max_length=40, help_text="Best with its country's code, as +1….")


class OwnCourierSerializer(Strict):
    """Who carries an order, and the link by which they do."""

    order_id = serializers.UUIDField()
    status = Code(Delivery.Status)
    name = serializers.CharField(
        allow_null=True, help_text="Null while nobody is chosen."
    )
    phone = serializers.CharField(allow_null=True, help_text="E.164.")
    token = serializers.CharField(
        help_text="Of `/courier/deliveries/{token}`; it is all that a courier needs."
    )
    link = serializers.URLField(help_text="The courier's page, to share with them.")


ENZO = OpenApiExample(
    "Enzo carries it",
    value={
        "order_id": "9c1c86e8-6f6e-4d8a-8bb5-0f8c5f0b7d5d",
        "status": "assigned",
        "name": "Enzo",
        "phone": "+14155550188",
        "token": "Jq7o1Yd0m3oX5yJY8u9c3m1n",
        "link": "https://tiffin.example/courier/Jq7o1Yd0m3oX5yJY8u9c3m1n/",
    },
    response_only=True,
)


class OwnCourierView(APIView):
    scope = Scope.RESTAURANT

    @extend_schema(
        operation_id="get_owner_courier",
        responses=OwnCourierSerializer,
        examples=[ENZO],
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read who carries an order.

        404 while there is nothing to carry: the order is not accepted, or is collected
        by its customer. Duty `board`.
        """
        return Response(_present(_get_delivery(request, order_id)))

    @extend_schema(
        operation_id="assign_owner_courier",
        request=CourierInputSerializer,
        responses={200: OwnCourierSerializer},
        examples=[
            OpenApiExample(
                "Enzo",
                value={"name": "Enzo", "phone": "+14155550188"},
                request_only=True,
            ),
            ENZO,
        ],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Give an order to one of the restaurant's own couriers.

        Another courier than before gets a new link, and the old one dies. Repeating it
        changes nothing. Duty `board`.
        """
        visible_orders(request).get(public_id=order_id)
        asked = read_body(CourierInputSerializer, request)
        courier = read_form(CourierForm(asked))
        try:
            delivery = _get_delivery(request, order_id)
        except Delivery.DoesNotExist as error:
            text = _("This step is not possible for this order.")
            raise IllegalTransitionError(text) from error
        assign_courier(
            delivery_pk=delivery.pk, name=courier["name"], phone=str(courier["phone"])
        )
        return Response(_present(_get_delivery(request, order_id)))


def _get_delivery(request: Request, order_id: UUID) -> Delivery:
    deliveries = Delivery.objects.filter(order__in=visible_orders(request))
    return deliveries.select_related("order").get(order__public_id=order_id)


def _present(delivery: Delivery) -> dict[str, Any]:
    return {
        "order_id": str(delivery.order.public_id),
        "status": delivery.status,
        "name": delivery.courier_name or None,
        "phone": str(delivery.courier_phone) or None,
        "token": delivery.token,
        "link": f"{settings.SITE_URL}{delivery.get_courier_url()}",
    }
