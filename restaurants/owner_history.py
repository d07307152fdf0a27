"""The history of a row of the owner portal: what the restaurant's members did to it."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from restaurants.models import Membership

PAGE_SIZE = 100


class MembersHistory:
    """Keeps what operators did, and why, out of the history that members read."""

    restaurant_path: str
    model: type[Any]
    get_object: Callable[..., Any]
    get_paginator: Callable[..., Paginator[LogEntry]]

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        entries = LogEntry.objects.none() if row is None else self._entries(row)
        paginator = self.get_paginator(request, entries, PAGE_SIZE)
        shown = paginator.get_page(request.GET.get(PAGE_VAR, 1))
        context = {
            "action_list": shown,
            "page_range": paginator.get_elided_page_range(shown.number),
            "pagination_required": paginator.count > PAGE_SIZE,
            **(extra_context or {}),
        }
        # Which asks whether the row may be seen at all.
        page: HttpResponse = super().history_view(request, object_id, context)  # type: ignore[misc]
        return page

    def _entries(self, row: Model) -> QuerySet[LogEntry]:
        rows = self.model._default_manager.filter(pk=row.pk)  # noqa: SLF001
        members = Membership.objects.filter(
            restaurant__in=rows.order_by().values(self.restaurant_path)
        )
        entries = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(self.model),
            object_id=str(row.pk),
            user__in=members.values("user"),
        )
        return entries.select_related("user", "content_type").order_by("action_time")
