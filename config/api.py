"""The addresses of the API, and the pages that tell of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)
from rest_framework.permissions import AllowAny

from config.api_errors import list_problems, problem_response


def problems(request: HttpRequest) -> HttpResponse:
    """Tell of every code that a problem can have."""
    return render(request, "api/problems.html", {"problems": list_problems()})


def unknown(request: HttpRequest) -> HttpResponse:
    return problem_response(request, "not_found")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("customers.api_urls")),
    path("", include("notifications.api_urls")),
    path("", include("restaurants.api_urls")),
    path("", include("menus.api_urls")),
    path("", include("orders.api_urls")),
    path("", include("orders.owner_api_urls")),
    path("", include("delivery.api_urls")),
    path(
        "schema",
        SpectacularAPIView.as_view(permission_classes=[AllowAny], throttle_classes=[]),
        name="schema",
    ),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="api:schema", permission_classes=[AllowAny]
        ),
        name="docs",
    ),
    path(
        "reference",
        SpectacularRedocView.as_view(
            url_name="api:schema", permission_classes=[AllowAny]
        ),
        name="reference",
    ),
    path("problems", problems, name="problems"),
    re_path("", unknown),
]
