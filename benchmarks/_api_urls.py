"""What the API is measured against: bare views that answer with as much."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import urlpatterns as pages


@cache
def answers() -> dict[str, Any]:
    """Return what the API answered, by the endpoint's name."""
    found: dict[str, Any] = json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text())
    return found


class BareView(APIView):
    """Asks who it is and counts the request, as the settings have all views do."""

    def get(self, _request: Request, name: str) -> Response:
        return Response(answers()[name])

    def post(self, _request: Request, name: str) -> Response:
        return Response(answers()[name])


class UnguardedView(BareView):
    """Answers anybody, and counts nothing."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []


urlpatterns = [
    path("api/bare/<str:name>", BareView.as_view()),
    path("api/unguarded/<str:name>", UnguardedView.as_view()),
    *pages,
]
