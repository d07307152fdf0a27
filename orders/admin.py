"""Past orders for owners; every order for the operators."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from customers.models import User
from menus.templatetags.money import money
from orders import board_pages, figure_pages
from orders.exceptions import OrderError
from orders.figure_pages import show_figures
from orders.models import Order, OrderEvent, OrderLine
from orders.services.lifecycle import Actor, cancel_order
from restaurants.models import Duty
from restaurants.owner_site import Link, OwnerModelAdmin, owner_site

Status = Order.Status
Reason = OrderEvent.Reason


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


class OwnerOrderAdmin(OwnerModelAdmin):
    """Past orders, to look up."""

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

    @admin.display(description=gettext_lazy("total"), ordering="total")
    def sum(self, order: Order) -> str:
        return money(order.total, order.currency)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows = super().get_queryset(request)
        return rows.exclude(status=Status.PENDING_PAYMENT)


owner_site.register(Order, OwnerOrderAdmin)
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
