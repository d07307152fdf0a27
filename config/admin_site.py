from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.operator_pages import operator_urls
from orders.selectors import count_late_claims
from restaurants.owner_site import BackOffice


class OperatorSite(BackOffice):
    site_header = _("Tiffin operators")
    site_title = _("Tiffin operators")

    def extra_urls(self) -> list[URLPattern]:
        return operator_urls(self.admin_view)

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        """Put the page of now first among what there is about notifications."""
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        if request.user.has_perm("notifications.view_message"):
            page = {
                "name": _("Now"),
                "object_name": "Now",
                "admin_url": reverse("admin:notifications_now"),
                "add_url": None,
                "view_only": True,
            }
            for app in apps:
                if app["app_label"] == "notifications":
                    app["models"].insert(0, page)
        for app in apps:
            if app["app_label"] == "orders":
                app["models"][:0] = _late_claims(request)
        return apps


def _late_claims(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what leads to the claims that restaurants left unanswered, if any."""
    if not request.user.has_perm("orders.view_claim"):
        return []
    count = count_late_claims(now=timezone.now())
    if not count:
        return []
    url = reverse("admin:orders_claim_changelist")
    return [
        {
            "name": _("Claims unanswered for two days: %(count)d") % {"count": count},
            "object_name": "LateClaims",
            "admin_url": f"{url}?late=yes",
            "add_url": None,
            "view_only": True,
        }
    ]
