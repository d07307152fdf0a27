"""How the schema is made of the views: OpenAPI 3.1, with the shape of every problem."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from customers.api.auth import BearerAuthentication
from notifications.fields import Strict

PREFIX = "/api/v1/"
OWNERS = f"{PREFIX}owner/"
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

    def get_summary(self) -> str:
        """Return a docstring's first line; the rest is the description."""
        return self._words()[0].removesuffix(".")

    def get_description(self) -> str:  # type: ignore[override]  # the library's own
        return self._words()[1]

    def _words(self) -> tuple[str, str]:
        first, _, rest = str(super().get_description()).partition("\n")
        return first, rest.strip()

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        responses = super()._get_response_bodies(direction)
        if not self.path.startswith(PREFIX):
            # A webhook: it is a partner's server that answers.
            return responses
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
        # Named in the address, in the body, or as the restaurant that a list is of.
        is_read = self.method.lower() in ("get", "head")
        if "{" in self.path or not is_read or self.path.startswith(OWNERS):
            yield "404"
        if not is_read:
            yield from ("409", "413", "415", "422")
        yield "406"
        yield "429"
        # What only a view itself knows of, as a service behind it that may be down.
        yield from getattr(self.view, "further_statuses", ())


TAGS = {
    "": "About this site",
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


def finish(result: dict[str, Any], generator: Any, **_asked: Any) -> dict[str, Any]:
    """Put the tags in an order that tells a story, and say of components what is so.

    Those of webhooks are known only after the generator has written down all there are.
    """
    result["components"] = generator.registry.build({})
    for name, component in result["components"]["schemas"].items():
        if component.get("description", "").startswith(str(Strict.__doc__)[:40]):
            del component["description"]
        if name.endswith("Request") and component.get("type") == "object":
            # `Strict` refuses them; answers may grow by new ones.
            component.setdefault("additionalProperties", False)
            _tell_defaults(component)
    _forget_enum_ids(result)
    used = {
        tag
        for path in result["paths"].values()
        for operation in path.values()
        for tag in operation["tags"]
    }
    order = dict.fromkeys(TAGS.values())
    result["tags"] = [{"name": name} for name in order if name in used]
    return result


def _tell_defaults(component: dict[str, Any]) -> None:
    """Say defaults in words: generators take a field that has one for always there."""
    for field in component.get("properties", {}).values():
        if "default" in field:
            said = json.dumps(field.pop("default"))
            words = [field.get("description", ""), f"`{said}` unless given."]
            field["description"] = " ".join(filter(None, words))


def _forget_enum_ids(node: Any) -> None:
    """Remove the generator's own marks."""
    if isinstance(node, dict):
        node.pop("x-spec-enum-id", None)
    if isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            _forget_enum_ids(inner)


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
