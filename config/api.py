"""The addresses of the API, and the pages that tell of it."""

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)
from rest_framework.permissions import AllowAny

from config import api_streams
from config.api_account import (
    DataView,
    DeleteAccountView,
    MeView,
    PhoneVerifyView,
)
from config.api_codes import list_codes
from config.api_errors import problem_response


def problems(request: HttpRequest) -> HttpResponse:
    """Tell of every code that a problem can have."""
    return render(request, "api/problems.html", {"problems": list_codes()})


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    return problem_response("not_found")


urlpatterns: list[URLPattern | URLResolver] = [
    # What is asked most: every pattern before it is tried first.
    path("", include("restaurants.api_urls")),
    path("", include("menus.api_urls")),
    path("", api_streams.RootView.as_view(), name="root"),
    # Before the rest, since its addresses begin as others do.
    path("", include(api_streams.urlpatterns)),
    path("", include("orders.api_urls")),
    path("me", MeView.as_view(), name="me"),
    path("me/data", DataView.as_view(), name="me-data"),
    path("me/delete", DeleteAccountView.as_view(), name="me-delete"),
    path("me/phone/verify", PhoneVerifyView.as_view(), name="phone-verify"),
    path("", include("customers.api_urls")),
    path("", include("notifications.api_urls")),
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
            url_name="api:schema",
            template_name="api/docs.html",
            permission_classes=[AllowAny],
            authentication_classes=[],
            throttle_classes=[],
        ),
        name="docs",
    ),
    path(
        "reference",
        # Writes its styles into the page, and searches in a worker of its own making.
        csp_update(
            {
                "style-src": ["'self'", "'unsafe-inline'"],
                "worker-src": ["'self'", "blob:"],
            }
        )(
            SpectacularRedocView.as_view(
                url_name="api:schema",
                template_name="api/reference.html",
                permission_classes=[AllowAny],
                authentication_classes=[],
                throttle_classes=[],
            )
        ),
        name="reference",
    ),
    path("problems", problems, name="problems"),
    re_path(".*", unknown),
]
