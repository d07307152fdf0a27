"""Turns whatever goes wrong into problem details (RFC 9457), for every API view.

`code` is what programs decide by, and never changes its meaning; `detail` is for
people, in their language. All codes are in config/api_codes.py.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, JsonResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from config import api_codes
from config.account import ObstructedError
from config.request_ids import current_request_id
from customers.exceptions import (
    CustomerError,
    EmailTakenError,
    TokenRefusedError,
    TooManyAttemptsError,
    WrongSignInError,
)
from delivery.exceptions import DeliveryError
from menus.exceptions import CannotTakeBackError, EditConflictError, MenuError
from notifications.asking import cursor_refused
from notifications.exceptions import (
    NotificationError,
    NotReplayableError,
    WebhookInactiveError,
    WebhookTakenError,
)
from notifications.fields import present_moment
from orders import exceptions as order_errors
from orders.exceptions import OrderError
from restaurants import exceptions as restaurant_errors
from restaurants.exceptions import RestaurantError

API_PATH = "/api/"
MEDIA_TYPE = "application/problem+json"
DOMAIN_ERRORS = (
    *(OrderError, MenuError, RestaurantError, CustomerError, DeliveryError),
    NotificationError,
)
# What is refused for the state that something is in: look at it again, then decide.
CONFLICTS = (
    *(order_errors.IllegalTransitionError, order_errors.AlreadyMovedError),
    *(order_errors.OtherRestaurantError, order_errors.CartEmptyError),
    *(order_errors.NotOrderableError, order_errors.PriceChangedError),
    *(order_errors.WindowMovedError, order_errors.LineChangeError),
    *(order_errors.NotReviewableError, order_errors.ClaimError),
    *(EditConflictError, CannotTakeBackError, DeliveryError, EmailTakenError),
    ObstructedError,
    *(restaurant_errors.WrongStatusError, restaurant_errors.ChangedMeanwhileError),
    *(NotReplayableError, WebhookInactiveError, WebhookTakenError),
)
# What of a wish to order stands against it, by code.
POINTERS = {
    "place_unknown": "/address_id",
    "address_incomplete": "/place/street_address",
    "fulfilment_not_offered": "/fulfilment",
    "phone_missing": "/phone",
    "slot_passed": "/scheduled_for",
    "slot_not_offered": "/scheduled_for",
    "tip_invalid": "/tip",
}
UNAUTHORIZED = (TokenRefusedError, WrongSignInError)
BAD_CURSORS = (order_errors.InvalidCursorError, restaurant_errors.InvalidCursorError)
MALFORMED = (order_errors.IdempotencyKeyMissingError, *BAD_CURSORS)

# What is no error of the domain: HTTP's own, by code.
PLAIN = {
    code: (status, words)
    for status, codes in api_codes.PLAIN.items()
    for code, words in codes.items()
}


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an exception of an API view; None for what nobody expected (a 500)."""
    if isinstance(error, ObjectDoesNotExist | Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, BAD_CURSORS):
        error = cursor_refused()
    if isinstance(error, DOMAIN_ERRORS):
        set_rollback()
        return _answer_domain_error(error)
    response = exception_handler(error, dict(context))
    if response is None:
        return None
    assert isinstance(error, exceptions.APIException)
    response.data = _describe(error)
    response.content_type = MEDIA_TYPE
    return response


def problem_response(code: str) -> JsonResponse:
    """Answer with one of the plain problems, outside of API views."""
    status, words = PLAIN[code]
    body = make_problem(code, status, gettext(words))
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)


def make_problem(
    code: str, status: int, detail: str, **further: object
) -> dict[str, object]:
    """Return the members of a problem; `further` are those beyond RFC 9457's own."""
    return {
        "type": f"{settings.SITE_URL}/api/v1/problems#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": current_request_id(),
        **further,
    }


def _answer_domain_error(error: Any) -> Response:
    status = status_of(type(error))
    further: dict[str, object] = {}
    if isinstance(error, OrderError):
        further["errors"] = [
            {
                "code": problem.code,
                "detail": str(problem.message),
                "pointer": _pointer_of(problem),
            }
            for problem in error.problems
        ]
    # How things are now, where that is why it was refused.
    state = getattr(error, "state", None)
    if state:
        further["state"] = {
            name: present_moment(fact) if isinstance(fact, datetime) else fact
            for name, fact in state.items()
        }
    headers = {}
    if isinstance(error, TooManyAttemptsError):
        headers["Retry-After"] = str(error.seconds)
    words = str(error) or (type(error).__doc__ or "").strip()
    body = make_problem(error.code, status, words, **further)
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _pointer_of(problem: order_errors.OrderProblem) -> str:
    if problem.line:
        return f"/lines/{problem.line}"
    return POINTERS.get(problem.code, "")


def status_of(kind: type[Exception]) -> int:
    """Return the status that a domain error is answered with."""
    if issubclass(kind, CONFLICTS):
        return HTTPStatus.CONFLICT
    if issubclass(kind, MALFORMED):
        return HTTPStatus.BAD_REQUEST
    if issubclass(kind, TooManyAttemptsError):
        return HTTPStatus.TOO_MANY_REQUESTS
    if issubclass(kind, UNAUTHORIZED):
        return HTTPStatus.UNAUTHORIZED
    if issubclass(kind, restaurant_errors.NotAllowedError):
        return HTTPStatus.FORBIDDEN
    return HTTPStatus.UNPROCESSABLE_ENTITY


def _describe(error: exceptions.APIException) -> dict[str, object]:
    if isinstance(error, exceptions.ValidationError):
        found = list(islice(_walk(error.get_full_details(), ""), MOST_FAULTS))
        codes = {str(one["code"]) for one in found}
        code = codes.pop() if len(codes) == 1 and codes <= OWN_CODES else "invalid"
        words = gettext(PLAIN["invalid"][1])
        return make_problem(code, error.status_code, words, errors=found)
    code = str(error.default_code)
    words = str(error.detail)
    if code in PLAIN and words == str(error.default_detail):
        words = gettext(PLAIN[code][1])
    return make_problem(code, error.status_code, words)


# Codes of a field's fault that are worth being the problem's own.
OWN_CODES = {"unknown_field", "invalid_cursor"}


# Whoever sends more is no program with a mistake in it.
MOST_FAULTS = 50


def _speakable(text: str) -> str:
    """Return what was sent as it can be repeated: UTF-8 has no halves of characters."""
    return text.encode(errors="replace").decode()


def _walk(details: Any, pointer: str) -> Iterator[dict[str, object]]:
    """Yield each fault with where it is (RFC 6901), out of DRF's nested details."""
    if isinstance(details, Mapping):
        if set(details) == {"message", "code"} and isinstance(details["code"], str):
            yield {
                "pointer": pointer,
                "code": details["code"],
                "detail": _speakable(str(details["message"])),
            }
            return
        for name, inner in details.items():
            part = _speakable(str(name)).replace("~", "~0").replace("/", "~1")
            is_whole = name == "non_field_errors"
            yield from _walk(inner, pointer if is_whole else f"{pointer}/{part}")
    elif isinstance(details, list):
        is_of_items = any(
            isinstance(one, Mapping) and set(one) != {"message", "code"}
            for one in details
        )
        for index, inner in enumerate(details):
            yield from _walk(inner, f"{pointer}/{index}" if is_of_items else pointer)
