"""Lists in the admin of tables that grow by the billion: nothing looks at all rows."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from notifications.lanes import list_lanes
from notifications.topics import list_topic_names

MOST = 10_000
PROVIDERS = ("fcm", "apns", "webpush", "twilio", "smpp", "email", "in_app", "webhook")


class CappedPaginator(Paginator[Any]):
    """Counts no further than people leaf; the rest is found by filters."""

    @cached_property
    def count(self) -> int:
        assert isinstance(self.object_list, QuerySet)
        return self.object_list.order_by()[:MOST].count()


class KnownValues(admin.SimpleListFilter):
    """Filters by values that are known, instead of asking the table for them."""

    values: Callable[[], Iterable[str]]

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> QuerySet[Model]:
        if self.value() is None:
            return queryset
        assert self.parameter_name is not None
        return queryset.filter(**{self.parameter_name: self.value()})


class LaneFilter(KnownValues):
    title = _("lane")
    parameter_name = "lane"
    values = staticmethod(list_lanes)


class TopicFilter(KnownValues):
    title = _("topic")
    parameter_name = "topic"
    values = staticmethod(list_topic_names)


class ProviderFilter(KnownValues):
    title = _("provider")
    parameter_name = "provider"
    values = staticmethod(lambda: PROVIDERS)
