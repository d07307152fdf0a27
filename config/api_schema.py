"""How the schema is made of the views: OpenAPI 3.1, with the shape of every problem."""

from collections.abc import Iterable, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from customers.api.auth import BearerAuthentication
from notifications.fields import Strict

PREFIX = "/api/v1/"
# Pages about the API, which are no part of it.
ABOUT = ("schema", "docs", "reference", "problems")


class FaultSerializer(Strict):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="Stable; programs decide by it.")
    detail = serializers.CharField(help_text="For people, in their language.")
    pointer = serializers.CharField(
        help_text=(
            "Where it is in what was sent (RFC 6901); empty for the whole. A line of "
            "the cart is `/lines/` and its id."
        ),
        allow_blank=True,
    )


class ProblemSerializer(Strict):
    """What went wrong (RFC 9457), as `application/problem+json`."""

    type = serializers.URLField(help_text="Tells of the code in words.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; programs decide by it.")
    detail = serializers.CharField(help_text="For people, in their language.")
    request_id = serializers.CharField(help_text="Name it when you ask for help.")
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]
    state = serializers.DictField(
        required=False, help_text="With a 409: how things are now."
    )


class Schema(AutoSchema):
    """Adds to each operation the problems that it may answer."""

    def get_tags(self) -> list[str]:
        part = self.path.removeprefix(PREFIX).split("/")[0]
        return [TAGS.get(part, part)]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses = super()._get_response_bodies(direction)
        for status in self._problem_statuses():
            responses.setdefault(
                status,
                self._get_response_for_code(  # type: ignore[no-untyped-call]
                    ProblemSerializer, status, ["application/problem+json"]
                ),
            )
        return responses

    def _problem_statuses(self) -> Iterable[str]:
        yield from ("400", "401")
        if AllowAny not in self.view.permission_classes:
            yield "403"
        if "{" in self.path:
            yield "404"
        if self.method.lower() not in ("get", "head"):
            yield from ("409", "413", "415", "422")
        yield "406"
        yield "429"


TAGS = {
    "auth": "Signing in",
    "me": "Account",
    "restaurants": "Restaurants",
    "cuisines": "Restaurants",
    "places": "Restaurants",
    "cart": "Ordering",
    "orders": "Ordering",
    "owner": "Running a restaurant",
    "courier": "Delivering",
    "notifications": "Publishing",
}


def keep_api(endpoints: Sequence[Any]) -> list[Any]:
    """Keep the API's own operations among all that DRF serves."""
    return [
        endpoint
        for endpoint in endpoints
        if endpoint[0].startswith(PREFIX)
        and endpoint[0].removeprefix(PREFIX) not in ABOUT
    ]


def finish(result: dict[str, Any], **_generator: Any) -> dict[str, Any]:
    """Put the tags in an order that tells a story."""
    used = {
        tag
        for path in result["paths"].values()
        for operation in path.values()
        for tag in operation["tags"]
    }
    order = dict.fromkeys(TAGS.values())
    result["tags"] = [{"name": name} for name in order if name in used]
    return result


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema tells of it."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        del auto_schema
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The `access_token` of `POST /api/v1/auth/sign-in`.",
        }
