"""The owner portal's order work and figures; the operators' view of all orders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, TabularInline

from customers.models import User
from menus.templatetags.money import money
from orders.exceptions import OrderError
from orders.models import Order, OrderEvent, OrderLine
from orders.selectors import (
    add_up_figures,
    get_daily_figures,
    list_open_orders_for_restaurants,
)
from orders.services.lifecycle import (
    Actor,
    accept_order,
    cancel_order,
    complete_order,
    mark_order_ready,
    reject_order,
    send_order_out,
    start_preparing_order,
)
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Link, OwnerModelAdmin, own_restaurants, owner_site

Status = Order.Status
Reason = OrderEvent.Reason

PREPARATION_CHOICES = (10, 15, 20, 30, 45, 60)
# A scheduled order is shown apart until this long before it has to be there.
LATER = timedelta(minutes=90)
RESTAURANT_REASONS = [
    (reason.value, reason.label)
    for reason in (
        Reason.SOLD_OUT,
        Reason.TOO_BUSY,
        Reason.CLOSING,
        Reason.ADDRESS,
        Reason.NO_SHOW,
        Reason.OTHER,
    )
]


class AcceptForm(forms.Form):
    preparation_minutes = forms.IntegerField(min_value=1, max_value=240, required=False)


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=RESTAURANT_REASONS)
    note = forms.CharField(
        label=gettext_lazy("Note to the customer"), max_length=300, required=False
    )


class PeriodForm(forms.Form):
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)

    def get_period(self, today: date) -> tuple[date, date]:
        """Return the days asked for; the last thirty when nothing sensible is."""
        self.is_valid()
        until = self.cleaned_data.get("until") or today
        since = self.cleaned_data.get("since") or until - timedelta(days=29)
        return min(since, until), max(since, until)


SIMPLE_STEPS: dict[str, Callable[..., Order]] = {
    "preparing": start_preparing_order,
    "ready": mark_order_ready,
    "out": send_order_out,
    "complete": complete_order,
}
REASON_STEPS: dict[str, Callable[..., Order]] = {
    "reject": reject_order,
    "cancel": cancel_order,
}


@dataclass(frozen=True)
class Column:
    title: str
    orders: list[Order]


def sort_into_columns(orders: list[Order]) -> list[Column]:
    """Put the orders in hand where the kitchen looks for them, keeping their order."""
    soon = timezone.now() + LATER
    new = [order for order in orders if order.status == Status.PLACED]
    later = [
        order
        for order in orders
        if order.status == Status.ACCEPTED
        and order.scheduled_for is not None
        and order.scheduled_for > soon
    ]
    kitchen = [
        order
        for order in orders
        if order.status in {Status.ACCEPTED, Status.PREPARING} and order not in later
    ]
    ready = [
        order
        for order in orders
        if order.status in {Status.READY, Status.OUT_FOR_DELIVERY}
    ]
    return [
        Column(_("New"), sorted(new, key=lambda order: order.answer_by)),
        Column(_("In the kitchen"), kitchen),
        Column(_("Ready and on the way"), ready),
        Column(_("Later"), later),
    ]


class OrderLineInline(TabularInline[OrderLine, Order]):
    model = OrderLine
    fields = ["quantity", "name", "chosen", "note", "allergens", "amount"]
    readonly_fields = fields
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        rows: QuerySet[OrderLine] = super().get_queryset(request)
        return rows.prefetch_related("modifiers")

    @admin.display(description=gettext_lazy("modifiers"))
    def chosen(self, line: OrderLine) -> str:
        return ", ".join(modifier.name for modifier in line.modifiers.all())

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The order's own page decides who may see it.
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OrderEventInline(TabularInline[OrderEvent, Order]):
    model = OrderEvent
    fields = ["at", "actor", "to_status", "reason", "note", "window_after_until"]
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


ORDER_FIELDS = [
    *("number", "status", "fulfilment", "placed_at", "scheduled_for"),
    *("customer_name", "customer_phone", "address", "delivery_instructions"),
    *("kitchen_note", "subtotal", "delivery_fee", "tax", "tip", "total", "currency"),
    *("payment_method", "payment_status", "promised_from", "promised_until"),
    *("current_from", "current_until", "ended_at"),
]


def show_figures(
    request: HttpRequest,
    site: admin.AdminSite,
    restaurants: QuerySet[Restaurant] | None,
) -> HttpResponse:
    form = PeriodForm(request.GET)
    since, until = form.get_period(timezone.localdate())
    days = get_daily_figures(restaurants=restaurants, since=since, until=until)
    context = {
        **site.each_context(request),
        "title": _("Figures"),
        "since": since,
        "until": until,
        "days": days,
        "totals": add_up_figures(days),
    }
    request.current_app = site.name
    return TemplateResponse(request, "owner/figures.html", context)


class OwnerOrderAdmin(OwnerModelAdmin):
    """Past orders to look up, and beside them the orders of now and the figures."""

    duty = Duty.ORDERS
    can_add = False
    can_change = False
    fields = ORDER_FIELDS
    inlines = [OrderLineInline, OrderEventInline]
    list_display = ["number", "restaurant", "placed_at", "status", "fulfilment", "sum"]
    list_select_related = ["restaurant"]
    list_filter = [
        "status",
        "fulfilment",
        ("restaurant", admin.RelatedOnlyFieldListFilter),
        "placed_at",
    ]
    search_fields = ["=number", "customer_name", "customer_phone"]
    show_full_result_count = False
    list_before_template = "owner/_order_list_links.html"

    @admin.display(description=gettext_lazy("total"), ordering="total")
    def sum(self, order: Order) -> str:
        return money(order.total, order.currency)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows = super().get_queryset(request)
        return rows.exclude(status=Status.PENDING_PAYMENT)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("now/", view(self.now), name="orders_order_now"),
            path("now/cards/", view(self.cards), name="orders_order_cards"),
            path("figures/", view(self.figures), name="orders_order_figures"),
            path(
                "<int:pk>/step/<slug:step>/",
                view(require_POST(self.step)),
                name="orders_order_step",
            ),
            path("<int:pk>/end/<slug:step>/", view(self.end), name="orders_order_end"),
            *super().get_urls(),
        ]

    def _board(self, request: HttpRequest) -> dict[str, Any]:
        own = own_restaurants(request.user, Duty.BOARD)
        orders = list_open_orders_for_restaurants(restaurants=own)
        return {
            "columns": sort_into_columns(orders),
            "minutes": PREPARATION_CHOICES,
            "reasons": RESTAURANT_REASONS,
            "now": timezone.now(),
            "several": len({order.restaurant_id for order in orders}) > 1,
        }

    def now(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            **self._board(request),
            "title": _("Orders now"),
        }
        return TemplateResponse(request, "owner/orders_now.html", context)

    def cards(self, request: HttpRequest) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, "owner/_order_columns.html", self._board(request)
        )

    def figures(self, request: HttpRequest) -> HttpResponse:
        own = own_restaurants(request.user, Duty.MONEY)
        return show_figures(request, self.admin_site, own)

    def _get_order(self, request: HttpRequest, pk: int) -> Order:
        own = own_restaurants(request.user, Duty.BOARD)
        orders = Order.objects.exclude(status=Status.PENDING_PAYMENT)
        return get_object_or_404(orders.filter(restaurant__in=own), pk=pk)

    def step(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        order = self._get_order(request, pk)
        options: dict[str, Any] = {}
        if step == "accept":
            form = AcceptForm(request.POST)
            if not form.is_valid():
                messages.error(request, _("Give a preparation time of 1–240 minutes."))
                return redirect("owner:orders_order_now")
            options = {"preparation_minutes": form.cleaned_data["preparation_minutes"]}
            act: Callable[..., Order] = accept_order
        elif step in SIMPLE_STEPS:
            act = SIMPLE_STEPS[step]
        else:
            raise Http404
        self._take(request, order, act, options)
        return redirect("owner:orders_order_now")

    def end(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Ask for the reason of a rejection or cancellation, then do it."""
        order = self._get_order(request, pk)
        if step not in REASON_STEPS:
            raise Http404
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            self._take(request, order, REASON_STEPS[step], form.cleaned_data)
            return redirect("owner:orders_order_now")
        request.current_app = self.admin_site.name
        title = (
            _("Reject order %(number)s")
            if step == "reject"
            else _("Cancel order %(number)s")
        )
        context = {
            **self.admin_site.each_context(request),
            "title": title % {"number": order.number},
            "order": order,
            "form": form,
        }
        return TemplateResponse(request, "owner/order_end.html", context)

    def _take(
        self,
        request: HttpRequest,
        order: Order,
        act: Callable[..., Order],
        options: dict[str, Any],
    ) -> None:
        assert isinstance(request.user, User)
        actor = Actor(OrderEvent.Actor.RESTAURANT, request.user)
        try:
            moved = act(order_pk=order.pk, actor=actor, **options)
        except OrderError as error:
            messages.error(
                request,
                _("Order %(number)s: %(problem)s")
                % {"number": order.number, "problem": error},
            )
            return
        messages.success(
            request,
            _("Order %(number)s: %(status)s.")
            % {"number": order.number, "status": moved.get_status_display()},
        )


owner_site.register(Order, OwnerOrderAdmin)
owner_site.add(
    Link(
        name="orders_order_now",
        duty=Duty.BOARD,
        label=gettext_lazy("Orders now"),
        icon="soup_kitchen",
        position=10,
    ),
    Link(
        name="orders_order_changelist",
        duty=Duty.ORDERS,
        label=gettext_lazy("Orders"),
        icon="receipt_long",
        position=20,
    ),
    Link(
        name="orders_order_figures",
        duty=Duty.MONEY,
        label=gettext_lazy("Figures"),
        icon="bar_chart",
        position=40,
    ),
)


@admin.action(description=gettext_lazy("Cancel these orders"))
def cancel_orders(modeladmin: Any, request: HttpRequest, rows: QuerySet[Order]) -> None:
    assert isinstance(request.user, User)
    actor = Actor(OrderEvent.Actor.PLATFORM, request.user)
    for order in rows:
        try:
            cancel_order(order_pk=order.pk, actor=actor, reason=Reason.OTHER)
        except OrderError as error:
            messages.error(request, f"{order}: {error}")


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

    def figures(self, request: HttpRequest) -> HttpResponse:
        return show_figures(request, self.admin_site, None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
