"""A restaurant's menu: `/api/v1/restaurants/{restaurant_id}/menu`."""

import hashlib
import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from menus.serializers import WholeMenuSerializer, present_whole_menu
from menus.whole_menus import get_whole_menu

# So long a menu may be shown without asking again; what is sold out shows so late.
CACHE_CONTROL = "private, max-age=10, must-revalidate"
LARGE = "a5d0c9b2-52c8-4c5e-9c57-5d6b5e4a3f05"
EXAMPLE: dict[str, Any] = {
    "restaurant_id": "5b0c7f0e-5c0f-4d0e-9a43-0a4b1b6c7f10",
    "time_zone": "America/Los_Angeles",
    "currency": "USD",
    "menus": [
        {
            "id": "0f8f5b57-6c63-4a2f-8f0e-3f1f4d0a9b11",
            "name": "Dinner",
            "is_served_now": True,
            "hours": [{"weekday": "friday", "opens_at": "17:00", "closes_at": "23:00"}],
            "sections": [
                {
                    "id": "7c0a3a4e-52de-4a0b-b6ce-9f20c1d0f5a2",
                    "name": "Pizza",
                    "description": "From the wood oven.",
                    "items": [
                        {
                            "id": "e2a3c6f5-7d7e-4f55-8f3e-2a5d9c1b7e03",
                            "name": "Margherita",
                            "description": "Tomato, mozzarella, basil.",
                            "photo_url": None,
                            "price": {"amount": 1250, "currency": "USD"},
                            "price_from": {"amount": 1250, "currency": "USD"},
                            "diets": ["vegetarian"],
                            "allergens": ["gluten", "milk"],
                            "is_available": False,
                            "unavailable_reason": {
                                "code": "sold_out",
                                "message": "Sold out until tomorrow 17:00",
                            },
                            "available_again_at": "2026-11-22T01:00:00Z",
                            "modifier_groups": [
                                {
                                    "id": "b1f6f0d7-9d42-4b52-8f43-6f1f9f1f2c04",
                                    "name": "Size",
                                    "min_choices": 1,
                                    "max_choices": 1,
                                    "modifiers": [
                                        {
                                            "id": LARGE,
                                            "name": "Large",
                                            "price_difference": {
                                                "amount": 300,
                                                "currency": "USD",
                                            },
                                            "diets": [],
                                            "allergens": [],
                                            "is_available": True,
                                            "unavailable_reason": None,
                                            "available_again_at": None,
                                            "modifier_groups": [],
                                        }
                                    ],
                                }
                            ],
                        }
                    ],
                }
            ],
        }
    ],
}


class MenuView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="get_menu",
        parameters=[
            OpenApiParameter(
                "If-None-Match",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="The `ETag` of the menu that the app has.",
            ),
            OpenApiParameter(
                "ETag",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                response=[status.HTTP_200_OK, status.HTTP_304_NOT_MODIFIED],
                description="Differs whenever the answer would.",
            ),
        ],
        responses={
            status.HTTP_200_OK: WholeMenuSerializer,
            status.HTTP_304_NOT_MODIFIED: OpenApiResponse(
                description="The menu is as the app has it."
            ),
        },
        examples=[
            OpenApiExample(
                "A margherita",
                value=EXAMPLE,
                response_only=True,
                status_codes=["200"],
            )
        ],
    )
    def get(self, request: Request, restaurant_id: UUID) -> HttpResponseBase:
        """Get the whole menu of a restaurant in one call.

        Menus, their sections, items, modifier groups and modifiers, with what can be
        ordered just now. Keep it with its `ETag`, and ask again with `If-None-Match`:
        nothing is sent while nothing has changed.
        """
        shown = present_whole_menu(
            get_whole_menu(public_id=restaurant_id),
            restaurant_id=str(restaurant_id),
            moment=timezone.now(),
        )
        text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
        return _answer(request, text.encode())


def _answer(request: Request, body: bytes) -> HttpResponse:
    # Of the answer itself, so that nothing it is made of can be forgotten.
    tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    response: HttpResponse = HttpResponse(body, content_type="application/json")
    if _has(request, tag):
        response = HttpResponseNotModified()
    response["ETag"] = tag
    response["Cache-Control"] = CACHE_CONTROL
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _has(request: Request, tag: str) -> bool:
    """Tell whether the app has it already; a proxy may have weakened the tag."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return any(one == "*" or one.removeprefix("W/") == tag for one in known)
