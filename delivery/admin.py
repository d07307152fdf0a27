from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from delivery.exceptions import DeliveryError
from delivery.models import Delivery, DeliveryEvent
from delivery.services import assign_courier
from orders.models import Order
from orders.portal import visible_orders
from restaurants.models import Duty
from restaurants.owner_site import OwnerInline, OwnerModelAdmin, owner_site


class CourierForm(forms.ModelForm[Delivery]):
    courier_name = forms.CharField(
        label=_("courier's name"), max_length=120, widget=UnfoldAdminTextInputWidget
    )
    courier_phone = PhoneNumberField(
        label=_("courier's phone"), widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = Delivery
        fields = ("courier_name", "courier_phone")


class DeliveryEventInline(OwnerInline):
    duty = Duty.BOARD
    model = DeliveryEvent
    fields = ["at", "to_status"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OwnerDeliveryAdmin(OwnerModelAdmin):
    duty = Duty.BOARD
    restaurant_path = "order__restaurant"
    can_add = False
    form = CourierForm
    fields = ["order", "status", "courier_name", "courier_phone", "courier_link"]
    readonly_fields = ["order", "status", "courier_link"]
    inlines = [DeliveryEventInline]
    list_display = ["order", "restaurant", "status", "courier_name", "courier_phone"]
    list_select_related = ["order__restaurant"]
    list_filter = ["status"]
    search_fields = ["=order__number", "courier_name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows: QuerySet[Delivery] = super().get_queryset(request)
        return rows.filter(order__in=visible_orders(request))

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        # The link from an order's card.
        return lookup == "order__id__exact" or super().lookup_allowed(
            lookup, value, request
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.order.status in Order.ENDED:
            return False
        return super().has_change_permission(request, obj)

    @admin.display(description=_("restaurant"))
    def restaurant(self, delivery: Delivery) -> str:
        return str(delivery.order.restaurant)

    @admin.display(description=_("the courier's link, to share"))
    def courier_link(self, delivery: Delivery) -> str:
        path = delivery.get_courier_url()
        return format_html('<a href="{}">{}</a>', path, f"{settings.SITE_URL}{path}")

    def save_model(
        self, request: HttpRequest, obj: Delivery, form: Any, change: Any
    ) -> None:
        try:
            assign_courier(
                delivery_pk=obj.pk,
                name=form.cleaned_data["courier_name"],
                phone=str(form.cleaned_data["courier_phone"]),
            )
        except DeliveryError as error:
            messages.error(request, str(error))


owner_site.register(Delivery, OwnerDeliveryAdmin)


@admin.register(Delivery)
class DeliveryAdmin(ModelAdmin[Delivery]):
    """Every delivery, to read; its restaurant or courier moves it."""

    fields = ["order", "status", "courier_name", "courier_phone", "position_at"]
    readonly_fields = fields
    list_display = ["order", "status", "courier_name", "created_at"]
    list_select_related = ["order"]
    list_filter = ["status"]
    search_fields = ["=order__number", "courier_name"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
