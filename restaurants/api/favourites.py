"""Restaurants somebody wants to find again: `/api/v1/me/favourites`."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.api.asking import read_query, user_of
from restaurants.api.listing import SUMMARY
from restaurants.models import Fulfilment, Restaurant
from restaurants.selectors import list_favourites, look_at
from restaurants.serializers import (
    FavouritePageSerializer,
    FavouritesQuerySerializer,
    place_in,
    present_summary,
)
from restaurants.services.favourites import set_favourite


class FavouritesView(APIView):
    @extend_schema(
        operation_id="list_favourites",
        parameters=[FavouritesQuerySerializer],
        responses=FavouritePageSerializer,
        examples=[
            OpenApiExample(
                "One favourite",
                value={"results": [{**SUMMARY, "is_favourite": True}], "next": None},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List your favourites, the newest first.

        Without a place each is looked at from its own door: what the way takes and
        costs is then not known.
        """
        asked = read_query(FavouritesQuerySerializer, request)
        moment, place = timezone.now(), place_in(asked)
        page = list_favourites(
            user=user_of(request),
            moment=moment,
            place=place,
            cursor=asked.get("cursor", ""),
            limit=asked["limit"],
        )
        results: list[dict[str, Any]] = []
        for one in page.results:
            delivers = one.restaurant.offers_delivery
            fulfilment = Fulfilment.DELIVERY if delivers else Fulfilment.PICKUP
            seen = look_at(
                one.restaurant,
                moment=moment,
                place=place,
                fulfilment=fulfilment,
                orderability=one.orderability,
            )
            results.append(
                present_summary(
                    seen, fulfilment=fulfilment, moment=moment, is_favourite=True
                )
            )
        return Response({"results": results, "next": page.next_cursor or None})


class FavouriteView(APIView):
    @extend_schema(
        operation_id="add_favourite",
        request=None,
        responses={status.HTTP_204_NO_CONTENT: None},
    )
    def put(self, request: Request, restaurant_id: UUID) -> Response:
        """Make a restaurant your favourite; once more is the same.

        Favourites are listed by `GET /me/favourites`.
        """
        return self._set(request, restaurant_id, wanted=True)

    @extend_schema(
        operation_id="remove_favourite",
        responses={status.HTTP_204_NO_CONTENT: None},
    )
    def delete(self, request: Request, restaurant_id: UUID) -> Response:
        """Let go of a favourite; once more is the same.

        The restaurant is not told.
        """
        return self._set(request, restaurant_id, wanted=False)

    def _set(self, request: Request, restaurant_id: UUID, *, wanted: bool) -> Response:
        pks = Restaurant.objects.live().values_list("pk", flat=True)
        pk = pks.get(public_id=restaurant_id)
        set_favourite(user=user_of(request), restaurant_pk=pk, wanted=wanted)
        return Response(status=status.HTTP_204_NO_CONTENT)
