"""What somebody is told, how and when: `/api/v1/me/preferences`."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications.asking import read_body
from notifications.selectors import get_preferences, get_rest
from notifications.serializers import (
    PreferencesInputSerializer,
    PreferencesSerializer,
    present_preferences,
)
from notifications.services.preferences import change_preferences

PREFERENCES = OpenApiExample(
    "Quiet nights",
    value={
        "preferences": [
            {
                "category": "orders",
                "label": "Your orders",
                "kind": "transactional",
                "channels": [
                    {"channel": "push", "is_on": True, "is_fixed": False},
                    {"channel": "email", "is_on": False, "is_fixed": False},
                ],
            }
        ],
        "quiet_hours": {"starts_at": "22:00", "ends_at": "07:00"},
        "do_not_disturb_until": None,
        "time_zone": "America/Los_Angeles",
    },
    response_only=True,
)
CHANGE = OpenApiExample(
    "No mail about orders, and quiet nights",
    value={
        "preferences": [{"category": "orders", "channel": "email", "is_on": False}],
        "quiet_hours": {"starts_at": "22:00", "ends_at": "07:00"},
    },
    request_only=True,
)


class PreferencesView(APIView):
    @extend_schema(
        operation_id="get_preferences",
        responses=PreferencesSerializer,
        examples=[PREFERENCES],
    )
    def get(self, request: Request) -> Response:
        """Get what you are told, over which channels, and when not.

        A table of categories and channels; what is fixed nobody can turn off.
        """
        return Response(_present(request))

    @extend_schema(
        operation_id="change_preferences",
        request=PreferencesInputSerializer,
        responses=PreferencesSerializer,
        examples=[PREFERENCES, CHANGE],
    )
    def patch(self, request: Request) -> Response:
        """Change what you are told; all of what is named, or nothing of it.

        It holds for what is planned already, too.
        """
        wanted = read_body(PreferencesInputSerializer, request)
        change: dict[str, Any] = {
            "wishes": {
                (wish["category"], wish["channel"]): wish["is_on"]
                for wish in wanted.get("preferences", [])
            }
        }
        if "quiet_hours" in wanted:
            hours = wanted["quiet_hours"]
            change["quiet_hours"] = (hours["starts_at"], hours["ends_at"])
        if "do_not_disturb_until" in wanted:
            change["do_not_disturb_until"] = wanted["do_not_disturb_until"]
        change_preferences(user_pk=request.user.pk or 0, **change)
        return Response(_present(request))


def _present(request: Request) -> dict[str, Any]:
    # The user is an app's above; a time zone every recipient has.
    user: Any = request.user
    return present_preferences(
        get_preferences(user.pk), get_rest(user.pk), user.time_zone
    )
