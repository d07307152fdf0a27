"""How the schema is made of the views: OpenAPI 3.1, with the shape of every problem."""

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from drf_spectacular.drainage import set_override
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from config.api_codes import (
    FAULT_CODES,
    OF_CARTS,
    OF_OPERATIONS,
    PLAIN,
    PROBLEM_CODES,
    STATES,
    own_codes,
    words_of,
)
from customers.api.auth import BearerAuthentication, HasScope
from customers.models import Scope
from notifications.fields import Strict
from orders.api.examples import QUOTE

PREFIX = "/api/v1/"
OWNERS = f"{PREFIX}owner/"
# Pages about the API, which are no part of it.
ABOUT = ("schema", "docs", "reference", "problems")


class OpenCode(serializers.CharField):
    """One of very many codes, which the page of codes tells of."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__()
        words = "Stable; programs decide by it. `/api/v1/problems` tells of each."
        schema = {"type": "string", "description": words, "x-extensible-enum": codes}
        set_override(self, "field", schema)


class FaultSerializer(Strict):
    """One thing that is wrong."""

    code = OpenCode(FAULT_CODES)
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
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField(help_text="That of HTTP.")
    code = OpenCode(PROBLEM_CODES)
    detail = serializers.CharField(help_text="For people, in their language.")
    request_id = serializers.CharField(help_text="Name it when you ask for help.")
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]
    state = serializers.DictField(
        required=False,
        help_text=(
            "With a 409: how things are now. What is in it, the operation's 409 says."
        ),
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

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Name the token and its scope; the pages' own session is none of an app's."""
        ways: list[dict[str, list[str]]] = [
            way for way in super().get_auth() if "cookieAuth" not in way
        ]
        if HasScope not in self.view.permission_classes:
            return ways
        scope = str(getattr(self.view, "scope", Scope.CUSTOMER))
        return [{"bearer": [scope]} if way == {"bearer": []} else way for way in ways]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return an operation with all that each has: problems, headers, language."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        # For a webhook it is a partner's server that answers.
        if operation is None or not self.path.startswith(PREFIX):
            return operation
        parameters = operation.setdefault("parameters", [])
        for parameter in parameters:
            if parameter["in"] == "path" and not parameter.get("description"):
                parameter["description"] = PATH_IDS[parameter["name"]]
        for status in self._problem_statuses(operation):
            told = operation["responses"].setdefault(
                status,
                self._get_response_for_code(  # type: ignore[no-untyped-call]
                    ProblemSerializer, status, [PROBLEM]
                ),
            )
            self._tell_of_problem(operation["operationId"], status, told)
        for status, told in operation["responses"].items():
            told["description"] = told["description"] or HTTPStatus(int(status)).phrase
            names = headers_of(operation, status)
            told.setdefault("headers", {}).update(refer("headers", *names))
        parameters.append({"$ref": "#/components/parameters/AcceptLanguage"})
        operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation

    def _problem_statuses(self, operation: dict[str, Any]) -> Iterable[str]:
        own = OF_OPERATIONS.get(operation["operationId"], {})
        has_body = "requestBody" in operation
        places = {parameter["in"] for parameter in operation["parameters"]}
        names = {parameter["name"] for parameter in operation["parameters"]}
        # A token is text, in which there may be what PostgreSQL cannot hold.
        if has_body or places & {"query", "header"} or "token" in names:
            yield "400"
        if {} not in operation.get("security", [{}]):
            yield "401"
        if HasScope in self.view.permission_classes:
            yield "403"
        # Named in the address, or as the restaurant that a list is of.
        if "path" in places or self.path.startswith(OWNERS):
            yield "404"
        if has_body:
            yield from ("413", "415")
        yield from (str(status) for status in own)
        yield from ("406", "429")
        # What only a view itself knows of, as a service behind it that may be down.
        yield from getattr(self.view, "further_statuses", ())

    def _tell_of_problem(self, name: str, status: str, told: dict[str, Any]) -> None:
        number = int(status)
        own, usual = own_codes(name, number), list(PLAIN.get(number, {}))
        if not told.get("description"):
            told["description"] = _tell_codes(number, own, usual)
        if number == CONFLICT:
            told["description"] += _tell_states(name, own)
        # One of each kind of state says more than one of each code.
        telling = [code for code in own if _state_of(name, code) is not None]
        examples = {
            code: {"value": example_of(name, number, code)}
            for code in (telling[:2] if number == CONFLICT and telling else own)
        }
        if examples:
            told["content"][PROBLEM]["examples"] = examples


def _tell_codes(status: int, own: list[str], usual: list[str]) -> str:
    """Say an operation's own codes in full, and of many usual ones the names."""
    named = own if own or len(usual) > FEW else usual
    lines = [f"- `{code}`: {words_of(status, code)}" for code in named]
    rest = [f"`{code}`" for code in usual if code not in named]
    if rest:
        lines.append(f"- {'also ' if named else ''}{', '.join(rest)}")
    return "\n".join(lines)


def _tell_states(name: str, codes: Iterable[str]) -> str:
    told = [f"`state` of `{code}`: {STATES[code]}." for code in codes if code in STATES]
    usual = [f"`state`: {STATES[name]}."] if name in STATES else []
    return "".join(f"\n\n{words}" for words in usual + told)


def _state_of(name: str, code: str) -> Any:
    return EXAMPLE_STATES.get(code, EXAMPLE_STATES.get(name))


def example_of(name: str, status: int, code: str) -> dict[str, Any]:
    """Return a problem of an operation as it may look."""
    state = _state_of(name, code) if status == CONFLICT else None
    return {
        "type": f"https://tiffin.example/api/v1/problems#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": words_of(status, code),
        "request_id": "5f0c2b7ad0e94e3c9d6a3a1f4c2e8b10",
        **({} if state is None else {"state": state}),
    }


def headers_of(operation: Mapping[str, Any], status: str) -> Iterable[str]:
    """Return the names of the headers that an answer has."""
    yield from ("X-Request-Id", "RateLimit", "RateLimit-Policy")
    is_new = status == "201" and operation["operationId"] in LOCATED
    if is_new or status == "307":
        yield "Location"
    is_told = any("bearer" in way for way in operation.get("security", ()))
    if status == "401" and is_told:
        yield "WWW-Authenticate"
    if status == "429":
        yield "Retry-After"


def refer(kind: str, *names: str) -> dict[str, Any]:
    """Return references to components by their names."""
    return {name: {"$ref": f"#/components/{kind}/{name}"} for name in names}


def _header(words: str, example: str) -> dict[str, Any]:
    return {"description": words, "schema": {"type": "string"}, "example": example}


PROBLEM = "application/problem+json"
CONFLICT = HTTPStatus.CONFLICT
# As many codes are told in full wherever they may come.
FEW = 2
# Whose new thing has an address of its own.
LOCATED = {"add_address", "place_order", "add_owner_webhook"}
MOVED_STATE = {"status": "cancelled", "since": "2026-11-21T03:04:00Z"}
EXAMPLE_STATES: dict[str, Any] = {
    "place_order": QUOTE,
    "cart_empty": {"item_count": 0},
    "other_restaurant": {
        "restaurant_id": "0b0c9c5e-62a4-4f0e-8a53-0f6d5e1d2c11",
        "restaurant_name": "Trattoria Contadina",
    },
    "already_moved": MOVED_STATE,
    "illegal_transition": MOVED_STATE,
    "delivery_ended": {"status": "picked_up", "order_status": "cancelled"},
    "step_not_due": {"status": "assigned", "order_status": "ready"},
    "report_claim": MOVED_STATE,
    "review_order": MOVED_STATE,
    "answer_line_change": MOVED_STATE,
    "account_obstructed": {
        "order_ids": ["9c1c86e8-6f6e-4d8a-8bb5-0f8c5f0b7d5d"],
        "restaurant_ids": [],
        "is_operator": False,
    },
}
PARAMETERS = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": (
            "The language that words for people are answered in (RFC 9110, 12.5.4)."
        ),
        "schema": {"type": "string"},
        "example": "ar, en;q=0.5",
    }
}
HEADERS = {
    "X-Request-Id": _header(
        "Names this answer in the site's log: tell it when you ask for help.",
        "5f0c2b7ad0e94e3c9d6a3a1f4c2e8b10",
    ),
    "RateLimit": _header(
        "The limit that is nearest: how many requests are left (`r`), and in how many "
        "seconds there are all again (`t`). Absent where nobody counted, as without "
        "a token from a place the site cannot tell from others.",
        '"api-user";r=598;t=41',
    ),
    "RateLimit-Policy": _header(
        "How many requests that limit allows (`q`) in how many seconds (`w`).",
        '"api-user";q=600;w=60',
    ),
    "Retry-After": _header("In how many seconds to ask again.", "41"),
    "WWW-Authenticate": _header(
        "`Bearer`, with `error` where the token was not good (RFC 6750, 3).",
        'Bearer realm="api",error="invalid_token"',
    ),
    "Location": _header(
        "Where it is.", "/api/v1/orders/9c1c86e8-6f6e-4d8a-8bb5-0f8c5f0b7d5d"
    ),
}
# What the ids in addresses are, by name.
PATH_IDS = {
    "address_id": "The `id` of one of `GET /me/addresses`.",
    "change_id": "The `id` of one of the order's `line_changes`.",
    "claim_id": "The `id` of one of `GET /owner/claims`.",
    "delivery_id": "The `id` of one of the webhook's messages.",
    "message_id": "The `id` of one of the webhook's messages.",
    "device_id": "The `id` that registering the device answered.",
    "item_id": "The `id` of an item of the menu.",
    "line_id": "The `id` of one of the `lines` of the cart or order.",
    "modifier_id": "The `id` of a modifier of the menu.",
    "notification_id": "The `id` of one of `GET /me/inbox`.",
    "order_id": "The `id` of an order.",
    "restaurant_id": "The `id` of a restaurant.",
    "review_id": "The `id` of one of `GET /owner/reviews`.",
    "session_id": "The `id` of one of `GET /auth/sessions`.",
    "token": "The last part of the link that the restaurant gave to the courier.",
    "webhook_id": "The `id` of one of the restaurant's webhooks.",
}
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
WEBHOOKS = "Webhooks"
TAG_WORDS = {
    "About this site": "Where everything is. Needs no token.",
    "Signing in": "Accounts, tokens and the devices that are signed in.",
    "Account": "The user's profile, addresses, preferences, devices and inbox.",
    "Restaurants": "What can be had where: restaurants, menus, reviews, places.",
    "Ordering": "From the cart by way of a quote to an order, and what comes after.",
    "Running a restaurant": (
        "For a restaurant's own app: the board, the steps of orders, what is sold out, "
        "figures. Needs the scope `restaurant`, and membership of the restaurant."
    ),
    "Delivering": "For couriers: who holds the link of a delivery needs no token.",
    "Publishing": "For systems beside this site, with a service token; not for apps.",
    WEBHOOKS: "What the site sends to a restaurant's own server, signed.",
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
    _add_components(result["components"])
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
    for webhook in result.get("webhooks", {}).values():
        used |= {tag for operation in webhook.values() for tag in operation["tags"]}
    result["tags"] = [
        {"name": name, "description": words}
        for name, words in TAG_WORDS.items()
        if name in used
    ]
    return result


def _add_components(components: dict[str, Any]) -> None:
    components["securitySchemes"].pop("cookieAuth", None)
    components["parameters"] = PARAMETERS
    components["headers"] = HEADERS
    problem = components["schemas"].get("OrderProblem", {}).get("properties", {})
    if "code" in problem:
        problem["code"]["x-extensible-enum"] = sorted(OF_CARTS)


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
            "description": (
                "The `access_token` of `POST /api/v1/auth/sign-in`. What is named "
                "beside it are scopes that the token must have."
            ),
        }
