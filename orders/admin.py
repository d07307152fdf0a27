"""Past orders for owners; every order for the operators."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin, TabularInline

from customers.models import User
from menus.templatetags.money import money
from notifications.admin_lists import CappedPaginator
from orders import (
    board_pages,
    claim_pages,
    figure_pages,
    order_pages,
    review_pages,
    switch_pages,
    trial_pages,
)
from orders.cards import get_late_minutes
from orders.exceptions import OrderError
from orders.figure_pages import show_marketplace
from orders.figures import suggest_preparation
from orders.forms import OperatorCancelForm
from orders.models import Order, OrderEvent, OrderLine
from orders.selectors import placed_within, search_orders
from orders.services.lifecycle import Actor, cancel_order
from restaurants import hours_pages
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Link, OwnerModelAdmin, own_restaurants, owner_site

Status = Order.Status
Reason = OrderEvent.Reason

DAY = timedelta(days=1)
# As far as anybody leafs.
MOST_LISTED = 1000
MOST_CANCELLED = 200


class ReadOnlyInline(TabularInline[Any, Order]):
    """Rows to look at: the order's own page decides who may see it."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = ["quantity", "name", "chosen", "note", "allergens", "amount"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        rows: QuerySet[OrderLine] = super().get_queryset(request)
        return rows.prefetch_related("modifiers")

    @admin.display(description=gettext_lazy("modifiers"))
    def chosen(self, line: OrderLine) -> str:
        return ", ".join(modifier.name for modifier in line.modifiers.all())


class OrderEventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ["at", "actor", "to_status", "reason", "note", "window_after_until"]
    readonly_fields = fields


ORDER_FIELDS = [
    *("number", "status", "fulfilment", "placed_at", "scheduled_for"),
    *("customer_name", "customer_phone", "address", "delivery_instructions"),
    *("kitchen_note", "subtotal", "delivery_fee", "tax", "tip", "total", "currency"),
    *("payment_method", "payment_status", "promised_from", "promised_until"),
    *("current_from", "current_until", "ended_at"),
]


def _own(request: HttpRequest) -> list[Restaurant]:
    """Return the restaurants whose orders the user may see; asked once a request."""
    if not hasattr(request, "order_restaurants"):
        own = own_restaurants(request.user, Duty.ORDERS)
        request.order_restaurants = list(own)  # type: ignore[attr-defined]
    return request.order_restaurants  # type: ignore[attr-defined,no-any-return]


class PeriodFilter(admin.SimpleListFilter):
    """When it was placed, by the restaurant's own calendar; or any days."""

    title = gettext_lazy("day placed")
    parameter_name = "period"
    template = "owner/orders/_period_filter.html"
    days = ("since", "until")

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.days:
            value = params.pop(name, [""])
            self.used_parameters[name] = value[-1]
        self.kept: list[tuple[str, str]] = []

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter_name, *self.days]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("today", gettext_lazy("Today")),
            ("yesterday", gettext_lazy("Yesterday")),
            ("week", gettext_lazy("The last seven days")),
            ("month", gettext_lazy("This month")),
        ]

    def choices(self, changelist: Any) -> Iterator[Any]:
        self.kept = [
            (name, values[-1])
            for name, values in changelist.filter_params.items()
            if name not in (*self.expected_parameters(), "p")
        ]
        if changelist.query:
            self.kept.append(("q", changelist.query))
        for choice in super().choices(changelist):
            query = QueryDict(choice["query_string"].lstrip("?"), mutable=True)
            for name in self.days:
                query.pop(name, None)
            yield {**choice, "query_string": f"?{query.urlencode()}"}

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Order]
    ) -> QuerySet[Order]:
        zones: dict[str, list[int]] = {}
        for restaurant in _own(request):
            zones.setdefault(restaurant.time_zone, []).append(restaurant.pk)
        found = Q()
        for zone, restaurants in zones.items():
            period = self._within(ZoneInfo(zone))
            if period is None:
                return queryset
            found |= period & Q(restaurant__in=restaurants)
        return queryset.filter(found)

    def _within(self, zone: ZoneInfo) -> Q | None:
        since, until = self._days(timezone.localdate(timezone=zone))
        return placed_within(zone, since, until) or None

    def _days(self, today: date) -> tuple[date | None, date | None]:
        known = {
            "today": (today, None),
            "yesterday": (today - DAY, today - DAY),
            "week": (today - 6 * DAY, None),
            "month": (today.replace(day=1), None),
        }
        return known.get(self.value() or "", (self.given("since"), self.given("until")))

    def given(self, name: str) -> date | None:
        """Return a day that was typed; None when it is none."""
        try:
            return date.fromisoformat(str(self.used_parameters.get(name)))
        except ValueError:
            return None

    @property
    def since(self) -> str:
        return str(self.given("since") or "")

    @property
    def until(self) -> str:
        return str(self.given("until") or "")


class ShownStatusFilter(admin.ChoicesFieldListFilter):
    """What is not paid yet is none of a restaurant's orders."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            if choice["display"] != Status.PENDING_PAYMENT.label:
                yield choice


class TestOrderFilter(admin.SimpleListFilter):
    """Test orders are out of the way unless they are asked for."""

    __test__ = False  # of the restaurant's, not of pytest's
    title = gettext_lazy("test orders")
    parameter_name = "test"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("only", gettext_lazy("Only test orders")),
            ("all", gettext_lazy("With test orders")),
        ]

    def choices(self, changelist: Any) -> Iterator[Any]:
        hidden, *others = super().choices(changelist)
        yield {**hidden, "display": gettext_lazy("Without test orders")}
        yield from others

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Order]
    ) -> QuerySet[Order]:
        if self.value() == "all":
            return queryset
        return queryset.filter(is_test=self.value() == "only")


class OwnRestaurantFilter(admin.SimpleListFilter):
    """Which of one's own restaurants, where there are several."""

    title = gettext_lazy("restaurant")
    parameter_name = "restaurant__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        own = [(str(restaurant.pk), restaurant.name) for restaurant in _own(request)]
        return own if len(own) > 1 else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Order]
    ) -> QuerySet[Order]:
        chosen = [one.pk for one in _own(request) if str(one.pk) == self.value()]
        return queryset.filter(restaurant__in=chosen) if chosen else queryset


class NewestPaginator(Paginator[Any]):
    """Pages of the newest that fit; one reading of the table finds them all.

    Older ones are found by searching and filtering.
    """

    @cached_property
    def keys(self) -> list[int]:
        assert isinstance(self.object_list, QuerySet)
        return list(self.object_list.values_list("pk", flat=True)[:MOST_LISTED])

    @cached_property
    def count(self) -> int:
        return len(self.keys)

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self.keys[start : start + self.per_page]
        assert isinstance(self.object_list, QuerySet)
        return Page(list(self.object_list.filter(pk__in=keys)), number, self)


class OrderChangeList(ChangeList):
    """The portal's list of orders: never counted, each leading to its own page."""

    def get_results(self, request: HttpRequest) -> None:
        paginator = self.model_admin.get_paginator(
            request, self.queryset, self.list_per_page
        )
        try:
            page = paginator.page(self.page_num)
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.result_list = page.object_list
        self.result_count = paginator.count
        self.full_result_count = paginator.count
        self.show_full_result_count = True
        self.show_admin_actions = False
        self.can_show_all = False
        self.multi_page = paginator.num_pages > 1
        self.paginator = paginator

    def url_for_result(self, result: Any) -> str:
        return reverse("owner:order", args=[result.restaurant_id, result.pk])


class OwnerOrderAdmin(OwnerModelAdmin):
    """Past orders, to look up."""

    duty = Duty.ORDERS
    can_add = False
    can_change = False
    list_display = [
        *("number", "placed", "customer_name", "fulfilment", "state", "sum", "late"),
    ]
    list_filter = [
        *(PeriodFilter, ("status", ShownStatusFilter), "fulfilment"),
        *("payment_status", OwnRestaurantFilter, TestOrderFilter),
    ]
    list_per_page = 50
    paginator = NewestPaginator
    sortable_by: list[str] = []
    # Asked for the box alone: search_orders knows better.
    search_fields = ["number"]
    search_help_text = gettext_lazy("Number, name or phone")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css = {"all": ["css/orders.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows = Order.objects.filter(restaurant__in=[one.pk for one in _own(request)])
        return rows.exclude(status=Status.PENDING_PAYMENT).select_related("restaurant")

    def get_list_display(self, request: HttpRequest) -> list[str]:
        if len(_own(request)) > 1:
            return [self.list_display[0], "restaurant", *self.list_display[1:]]
        return self.list_display

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OrderChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return search_orders(queryset, search_term) if search_term else queryset, False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the order's own page at the admin's address, too."""
        order = self.get_object(request, unquote(object_id or ""))
        if order is None:
            return redirect("owner:orders_order_changelist")
        [page] = [one for one in order_pages.PAGES if one.name == "order"]
        request.owner_page = page  # type: ignore[attr-defined]
        return order_pages.show(request, order.restaurant, order.pk)

    @admin.display(description=gettext_lazy("placed"))
    def placed(self, order: Order) -> str:
        moment = order.placed_at.astimezone(ZoneInfo(order.restaurant.time_zone))
        return date_format(moment, "D j M Y, H:i")

    @admin.display(description=gettext_lazy("status"))
    def state(self, order: Order) -> str:
        words = order.get_status_display()
        if order.end_reason:
            words = f"{words}: {Reason(order.end_reason).label}"
        return format_html(
            '<span class="order-status order-{}">{}</span>', order.status, words
        )

    @admin.display(description=gettext_lazy("total"))
    def sum(self, order: Order) -> str:
        return money(order.total, order.currency)

    @admin.display(description=gettext_lazy("late"), empty_value="")
    def late(self, order: Order) -> str | None:
        minutes = get_late_minutes(order, timezone.now())
        if not minutes:
            return None
        words = _("%(minutes)d min late") % {"minutes": minutes}
        return format_html('<span class="order-late">{}</span>', words)


owner_site.register(Order, OwnerOrderAdmin)
hours_pages.offer_suggestions(suggest_preparation)
owner_site.add(
    Link(
        name="orders_order_changelist",
        duty=Duty.ORDERS,
        label=gettext_lazy("Orders"),
        icon="receipt_long",
        position=20,
    ),
    *board_pages.PAGES,
    *figure_pages.PAGES,
    *switch_pages.PAGES,
    *trial_pages.PAGES,
    *order_pages.PAGES,
    *review_pages.PAGES,
    *claim_pages.PAGES,
)


@admin.action(description=gettext_lazy("Cancel these orders"))
def cancel_orders(
    modeladmin: ModelAdmin[Order], request: HttpRequest, rows: QuerySet[Order]
) -> HttpResponse | None:
    """Ask for the reason that customers and restaurants are told, then cancel."""
    open_rows = rows.exclude(status__in=Order.ENDED).select_related("restaurant")
    orders = list(open_rows[: MOST_CANCELLED + 1])
    if not orders:
        messages.error(request, _("Nothing among these is left to cancel."))
        return None
    if len(orders) > MOST_CANCELLED:
        messages.error(
            request,
            _("Cancel no more than %(count)d at once.") % {"count": MOST_CANCELLED},
        )
        return None
    is_sent = "reason" in request.POST
    form = OperatorCancelForm(request.POST if is_sent else None)
    if form.is_valid():
        _cancel(request, orders, **form.cleaned_data)
        return None
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": _("Cancel orders"),
        "opts": Order._meta,  # noqa: SLF001 (public in all but name)
        "orders": orders,
        "form": form,
    }
    return TemplateResponse(request, "owner/orders/cancel_many.html", context)


def _cancel(
    request: HttpRequest, orders: list[Order], *, reason: str, note: str
) -> None:
    assert isinstance(request.user, User)
    actor = Actor(OrderEvent.Actor.PLATFORM, request.user)
    done = 0
    for order in orders:
        try:
            cancel_order(order_pk=order.pk, actor=actor, reason=reason, note=note)
        except OrderError as error:
            messages.error(request, f"{order}: {error}")
        else:
            done += 1
    if done:
        text = ngettext(
            "%(count)d order is cancelled.", "%(count)d orders are cancelled.", done
        )
        messages.success(request, text % {"count": done})


@admin.register(Order)
class OrderAdmin(ModelAdmin[Order]):
    """Every order of the marketplace: to read and, where needed, to cancel."""

    fields = ["restaurant", *ORDER_FIELDS]
    readonly_fields = fields
    inlines = [OrderLineInline, OrderEventInline]
    list_display = ["number", "restaurant", "placed_at", "status", "fulfilment", "sum"]
    list_select_related = ["restaurant"]
    list_filter = ["status", "fulfilment", "region", "placed_at"]
    search_fields = ["=number", "restaurant__name", "customer_name", "customer__email"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    list_before_template = "owner/_order_list_links.html"
    actions = [cancel_orders]

    @admin.display(description=gettext_lazy("total"), ordering="total")
    def sum(self, order: Order) -> str:
        return money(order.total, order.currency)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("figures/", view(self.figures), name="orders_order_figures"),
            *super().get_urls(),
        ]

    def figures(self, request: HttpRequest) -> HttpResponseBase:
        return show_marketplace(request, self.admin_site)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
