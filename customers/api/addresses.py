"""A customer's addresses: `/api/v1/me/addresses`."""

from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import model_to_dict
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import GeocoderDownError, read_body, read_form, user_of
from customers.forms import AddressForm
from customers.geocoding import GeocoderUnavailableError
from customers.models import Address
from customers.selectors import get_address_for_customer, list_addresses_for_customer
from customers.serializers import (
    AddressChangeSerializer,
    AddressInputSerializer,
    AddressListSerializer,
    AddressSerializer,
    present_address,
)
from customers.services import (
    add_address,
    choose_address,
    delete_address,
    update_address,
)
from customers.throttling import PLACES, spend
from notifications.opaque import pk_of

HOME = {
    "label": "Home",
    "street_address": "2100 Mission Street",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
    "latitude": 37.7629,
    "longitude": -122.4194,
    "delivery_instructions": "The blue door; the bell is broken.",
}
KEPT = {
    "id": "3e2f8a10-6b7c-4d5e-9f01-2a3b4c5d6e7f",
    **HOME,
    "is_chosen": True,
    "created_at": "2026-03-01T18:00:00Z",
}
ADDRESS = OpenApiExample("An address", value=KEPT, response_only=True)
ADDRESSES = OpenApiExample("One address", value={"results": [KEPT]}, response_only=True)


class AddressesView(APIView):
    @extend_schema(
        operation_id="list_addresses",
        responses=AddressListSerializer,
        examples=[ADDRESSES],
    )
    def get(self, request: Request) -> Response:
        """List your addresses, the chosen one first; the list is whole.

        The chosen one is where food is brought unless an order says otherwise.
        """
        addresses = list_addresses_for_customer(customer=user_of(request))
        return Response({"results": [present_address(one) for one in addresses]})

    @extend_schema(
        operation_id="add_address",
        request=AddressInputSerializer,
        responses={status.HTTP_201_CREATED: AddressSerializer},
        examples=[
            ADDRESS,
            OpenApiExample("With coordinates", value=HOME, request_only=True),
            OpenApiExample(
                "To be looked up",
                value={
                    "street_address": "3180 18th Street",
                    "locality": "San Francisco",
                    "country": "US",
                },
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Keep an address; without coordinates it is looked up.

        Show people where the point is that the answer gives: a street that is not
        known is placed in the middle of its town.
        """
        asked = read_body(AddressInputSerializer, request)
        choose = asked.pop("choose")
        form = AddressForm(_as_typed(asked))
        _read(form, request)
        address = add_address(
            customer_pk=user_of(request).pk, fields=form.to_fields(), choose=choose
        )
        answer = present_address(address)
        return Response(
            answer,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("api:address", args=[answer["id"]])},
        )


class AddressView(APIView):
    @extend_schema(
        operation_id="get_address", responses=AddressSerializer, examples=[ADDRESS]
    )
    def get(self, request: Request, address_id: UUID) -> Response:
        """Get one of your addresses.

        Answers what `GET /me/addresses` lists.
        """
        return Response(present_address(_find(request, address_id)))

    @extend_schema(
        operation_id="change_address",
        request=AddressChangeSerializer,
        responses=AddressSerializer,
        examples=[
            ADDRESS,
            OpenApiExample(
                "Another door",
                value={"delivery_instructions": "Round the back."},
                request_only=True,
            ),
        ],
    )
    def patch(self, request: Request, address_id: UUID) -> Response:
        """Change an address; what is not named stays as it is.

        One that moves to another town is looked up anew, unless coordinates are given.
        Orders already placed keep the address they were placed with.
        """
        asked = read_body(AddressChangeSerializer, request)
        address = _find(request, address_id)
        kept = model_to_dict(address, AddressForm.Meta.fields)
        form = AddressForm({**kept, **_as_typed(asked)}, instance=address)
        _read(form, request)
        changed = update_address(address_pk=address.pk, fields=form.to_fields())
        return Response(present_address(changed))

    @extend_schema(
        operation_id="delete_address", responses={status.HTTP_204_NO_CONTENT: None}
    )
    def delete(self, request: Request, address_id: UUID) -> Response:
        """Forget an address; if it was the chosen one, the newest takes its place.

        Orders that went there keep their own copy.
        """
        address = _find(request, address_id)
        delete_address(customer_pk=user_of(request).pk, address_pk=address.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChooseAddressView(APIView):
    @extend_schema(
        operation_id="choose_address",
        request=None,
        responses=AddressSerializer,
        examples=[ADDRESS],
    )
    def post(self, request: Request, address_id: UUID) -> Response:
        """Have food brought to this address from now on.

        The one that was chosen before is kept.
        """
        address = _find(request, address_id)
        chosen = choose_address(customer_pk=user_of(request).pk, address_pk=address.pk)
        return Response(present_address(chosen))


def _find(request: Request, address_id: UUID) -> Address:
    pk = pk_of("address", address_id)
    if pk is None:
        raise Address.DoesNotExist
    return get_address_for_customer(customer=user_of(request), address_pk=pk)


def _read(form: AddressForm, request: Request) -> None:
    """Let the form look the address up if it must, as often as places may be."""
    form.before_search = partial(spend, (PLACES, f"user {user_of(request).pk}"))
    if form.has_error(NON_FIELD_ERRORS, GeocoderUnavailableError.code):
        raise GeocoderDownError
    read_form(form)


def _as_typed(asked: dict[str, Any]) -> dict[str, Any]:
    """Return coordinates as the page's form takes them: with six places."""
    return {
        name: f"{value:.6f}" if isinstance(value, float) else value
        for name, value in asked.items()
    }
