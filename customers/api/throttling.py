"""How much may be asked for: by user or place, and less of what is costly or delicate.

Every answer says what is left (`RateLimit`, `RateLimit-Policy`: the draft of the IETF's
HTTPAPI group, draft-ietf-httpapi-ratelimit-headers).
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from customers.throttling import Allowance, Limit, count_request, place_of

# Views read their settings, which name this module.
if TYPE_CHECKING:
    from rest_framework.views import APIView

PER_USER = Limit("api-user", 600, timedelta(minutes=1))
PER_PLACE = Limit("api-place", 1200, timedelta(minutes=1))


class Throttle(BaseThrottle):
    """Counts a request; a view may name a `limit` of its own, for its writes or all.

    Of several limits the answer tells of the one with the least left.
    """

    def __init__(self) -> None:
        self.seconds: int | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        user_pk = request.user.pk
        place = place_of(request._request)  # noqa: SLF001 - documented by DRF
        who = f"user {user_pk}" if user_pk else f"place {place}" if place else ""
        usual = PER_USER if user_pk else PER_PLACE
        own: Limit | None = getattr(view, "limit", None)
        attempts = [(usual, who), *([(own, who)] if own else [])]
        allowances = count_request(attempts)
        if not allowances:
            return True
        nearest = min(allowances, key=_rank)
        # Middleware writes it on whatever answer comes of the request.
        request._request.allowance = nearest  # type: ignore[attr-defined]  # noqa: SLF001
        if nearest.left >= 0:
            return True
        self.seconds = nearest.seconds
        return False

    def wait(self) -> float | None:
        return self.seconds


def _rank(allowance: Allowance) -> tuple[int, int]:
    return allowance.left, -allowance.seconds
