"""What makes the site an app: its manifest, service worker, offline page, language."""

from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language as set_language_of_visit

from customers.models import User
from customers.services import choose_language

# What the page shown without a connection is made of.
OFFLINE_ASSETS = ("css/tiffin.css", "js/offline.js", "img/icon.svg")
ICON_SIZES = (192, 512)
INK, PAPER = "#c2410c", "#fff8f0"


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """Give the script that works while no page is open; browsers ask for it daily."""
    assets = [static(path) for path in OFFLINE_ASSETS]
    context = {
        "assets": assets,
        "offline": reverse("offline"),
        "icon": static("img/app-192.png"),
        "badge": static("img/app-badge.png"),
    }
    # Another version is installed anew, with what it keeps: also when the page without
    # a connection has other words.
    page = render_to_string("app/offline.html", request=request)
    context["version"] = sha256(f"{context}{page}".encode()).hexdigest()[:12]
    return render(
        request, "app/service_worker.js", context, content_type="text/javascript"
    )


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """Describe the app that the site becomes when it is installed (W3C manifest)."""
    icons = [
        {
            "src": static(f"img/app-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in ICON_SIZES
        for purpose in ("any", "maskable")
    ]
    return JsonResponse(
        {
            "id": "/",
            "name": "Tiffin",
            "short_name": "Tiffin",
            "description": _("Food from around the corner."),
            "lang": get_language(),
            "dir": "rtl" if get_language_bidi() else "ltr",
            "start_url": reverse("restaurants:restaurant-list"),
            "scope": "/",
            "display": "standalone",
            "background_color": PAPER,
            "theme_color": INK,
            "icons": icons,
            "shortcuts": [
                {"name": _("Orders"), "url": reverse("orders:order-list")},
                {"name": _("Cart"), "url": reverse("orders:cart-detail")},
            ],
        },
        content_type="application/manifest+json",
    )


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Show the page that a browser keeps for when there is no connection."""
    return render(request, "app/offline.html")


@require_POST
def change_language(request: HttpRequest) -> HttpResponse:
    """Show pages in another language, and remember it of who is signed in."""
    wanted = request.POST.get("language", "")
    if isinstance(request.user, User) and wanted in dict(settings.LANGUAGES):
        choose_language(user_pk=request.user.pk, locale=wanted)
    return set_language_of_visit(request)
