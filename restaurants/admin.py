from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Field, QuerySet, URLField
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from customers.models import User
from restaurants.exceptions import WrongStatusError
from restaurants.geo import to_plane
from restaurants.models import (
    Cuisine,
    Duty,
    Membership,
    OpeningHours,
    Region,
    Restaurant,
    SpecialHours,
)
from restaurants.opening import WeeklySpan, overlapping
from restaurants.owner_site import (
    AsksAgain,
    Link,
    OwnerInline,
    OwnerModelAdmin,
    owner_site,
)
from restaurants.services import (
    pause_restaurant,
    refresh_restaurant,
    resume_restaurant,
)
from restaurants.services.joining import (
    approve_restaurant,
    reinstate_restaurant,
    suspend_restaurant,
)
from restaurants.services.sources import BadRowError, time_zone_at

PAUSE = timedelta(minutes=30)


class OpeningHoursFormSet(BaseInlineFormSet[Any, Any, Any]):
    def clean(self) -> None:
        super().clean()
        rows = (
            [
                WeeklySpan(
                    form.cleaned_data["weekday"],
                    form.cleaned_data["opens_at"],
                    form.cleaned_data["closes_at"],
                )
                for form in self.forms
                if form.cleaned_data.get("closes_at") is not None
                and form.cleaned_data.get("opens_at") is not None
                and form.cleaned_data.get("weekday") is not None
                and not form.cleaned_data.get("DELETE")
            ]
            if not any(self.errors)
            else []
        )
        overlap = overlapping(rows)
        if overlap is not None:
            first, second = overlap
            raise ValidationError(
                _(
                    "%(first)s and %(second)s overlap. Make them one span or shorten"
                    " one of them."
                ),
                params={"first": _describe(first), "second": _describe(second)},
            )


def _describe(span: WeeklySpan) -> str:
    return str(OpeningHours(**asdict(span)))


class OwnerOpeningHoursInline(OwnerInline):
    duty = Duty.HOURS
    model = OpeningHours
    formset = OpeningHoursFormSet
    fields = ["weekday", "opens_at", "closes_at"]
    verbose_name_plural = gettext_lazy(
        "opening hours (a span that ends at or before its start runs past midnight)"
    )


class OwnerSpecialHoursInline(OwnerInline):
    duty = Duty.HOURS
    model = SpecialHours
    fields = ["date", "opens_at", "closes_at", "note"]
    verbose_name_plural = gettext_lazy(
        "special hours (they replace a date's hours; without times it is closed)"
    )


class OpeningHoursInline(TabularInline[OpeningHours, Restaurant]):
    model = OpeningHours
    formset = OpeningHoursFormSet
    extra = 0


class SpecialHoursInline(TabularInline[SpecialHours, Restaurant]):
    model = SpecialHours
    extra = 0


@admin.action(description=gettext_lazy("Pause for 30 minutes"))
def pause(modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]) -> None:
    for restaurant in rows:
        pause_restaurant(restaurant_pk=restaurant.pk, until=timezone.now() + PAUSE)


@admin.action(description=gettext_lazy("Take orders again"))
def resume(modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]) -> None:
    for restaurant in rows:
        resume_restaurant(restaurant_pk=restaurant.pk)


class SecureWebsite:
    """Reads a website typed without a scheme as https."""

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class OwnerRestaurantForm(ModelForm[Restaurant]):
    """The time zone is the place's, so that opening hours mean what they say."""

    def clean(self) -> dict[str, Any] | None:
        found = super().clean() or {}
        latitude, longitude = found.get("latitude"), found.get("longitude")
        if latitude is None or longitude is None:
            return found
        if {"latitude", "longitude"} & set(self.changed_data):
            try:
                self.instance.time_zone = time_zone_at(latitude, longitude)
            except BadRowError as error:
                self.add_error("latitude", _("There is no such place on the map."))
                raise ValidationError(_("Correct the coordinates.")) from error
        return found


class OwnerRestaurantAdmin(SecureWebsite, OwnerModelAdmin):
    duty = Duty.HOURS
    form = OwnerRestaurantForm
    restaurant_path = "pk"
    can_add = False
    list_display = ["name", "status", "takes_orders", "paused_until"]
    inlines = [OwnerOpeningHoursInline, OwnerSpecialHoursInline]
    filter_horizontal = ["cuisines"]
    actions = [pause, resume]
    readonly_fields = ["status", "time_zone", "currency"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("name", "status", "takes_orders", "paused_until"),
                    *("description", "cuisines", "picture"),
                    *("phone", "email", "website"),
                ]
            },
        ),
        (
            gettext_lazy("Place"),
            {
                "fields": [
                    *("street_address", "locality", "postal_code", "country"),
                    *("latitude", "longitude", "time_zone"),
                ]
            },
        ),
        (
            gettext_lazy("Delivery terms"),
            {
                "fields": [
                    *("offers_delivery", "offers_pickup", "delivery_radius"),
                    *("delivery_fee", "minimum_order", "currency"),
                    *("tax_rate", "prices_include_tax"),
                    *("preparation_minutes", "answer_minutes"),
                ]
            },
        ),
    ]

    def save_related(
        self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        refresh_restaurant(restaurant_pk=form.instance.pk)


owner_site.register(Restaurant, OwnerRestaurantAdmin)
owner_site.add(
    Link(
        name="restaurants_restaurant_changelist",
        duty=Duty.HOURS,
        label=gettext_lazy("Restaurant"),
        icon="storefront",
        position=60,
    )
)


class MembershipInline(TabularInline[Membership, Restaurant]):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.action(description=gettext_lazy("Approve"))
def approve(modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]) -> None:
    assert isinstance(request.user, User)
    for restaurant in rows:
        try:
            approve_restaurant(restaurant_pk=restaurant.pk, operator=request.user)
        except WrongStatusError as error:
            messages.error(request, str(error.message))


@admin.action(description=gettext_lazy("Suspend"))
def suspend(modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]) -> None:
    for restaurant in rows:
        suspend_restaurant(restaurant_pk=restaurant.pk)


@admin.action(description=gettext_lazy("List again after a suspension"))
def reinstate(
    modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]
) -> None:
    for restaurant in rows:
        try:
            reinstate_restaurant(restaurant_pk=restaurant.pk)
        except WrongStatusError as error:
            messages.error(request, str(error.message))


@admin.register(Restaurant)
class RestaurantAdmin(AsksAgain, SecureWebsite, ModelAdmin[Restaurant]):
    list_display = ["name", "status", "takes_orders", "locality", "region"]
    list_select_related = ["region"]
    list_filter = ["status", "takes_orders", "region"]
    search_fields = ["name", "slug", "locality"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["cuisines"]
    inlines = [OpeningHoursInline, SpecialHoursInline, MembershipInline]
    actions = [approve, suspend, reinstate]
    show_full_result_count = False

    def save_model(
        self, request: HttpRequest, obj: Restaurant, form: Any, change: Any
    ) -> None:
        obj.location = to_plane(obj.latitude, obj.longitude)
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        refresh_restaurant(restaurant_pk=form.instance.pk)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin[Membership]):
    list_display = ["user", "restaurant", "role"]
    list_select_related = ["user", "restaurant"]
    list_filter = ["role"]
    search_fields = ["user__email", "restaurant__name"]
    autocomplete_fields = ["user", "restaurant"]


@admin.register(Region)
class RegionAdmin(ModelAdmin[Region]):
    list_display = ["code", "name"]
    search_fields = ["code", "name"]


@admin.register(Cuisine)
class CuisineAdmin(ModelAdmin[Cuisine]):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
