from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field, ManyToManyField, QuerySet, URLField
from django.forms import BaseInlineFormSet, CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from restaurants import hours_pages, joining_pages, team_pages
from restaurants.exceptions import RefusedError, WrongStatusError
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
from restaurants.operator_pages import ReasonForm, ask_reason, operator_of
from restaurants.owner_site import (
    AsksAgain,
    Link,
    OwnerModelAdmin,
    owner_site,
)
from restaurants.services import (
    pause_restaurant,
    refresh_restaurant,
    resume_restaurant,
)
from restaurants.services.acting import start_acting
from restaurants.services.joining import (
    approve_restaurant,
    reinstate_restaurant,
    suspend_restaurant,
)
from restaurants.services.people import stop_webhooks_of_others
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
    """The profile and the place; hours and terms have pages of their own."""

    duty = Duty.HOURS
    change_form_before_template = "owner/hours/_beside_profile.html"
    form = OwnerRestaurantForm
    restaurant_path = "pk"
    can_add = False
    list_display = ["name", "status", "takes_orders", "paused_until"]
    formfield_overrides = {ManyToManyField: {"widget": CheckboxSelectMultiple}}
    actions = [pause, resume]
    # A pause may begin or end while the form is open; the actions change it.
    readonly_fields = ["status", "paused_until", "time_zone", "currency"]
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
                    *("latitude", "longitude", "time_zone", "currency"),
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
    *hours_pages.PAGES,
    *team_pages.PAGES,
    *joining_pages.PAGES,
    Link(
        name="restaurants_restaurant_changelist",
        duty=Duty.HOURS,
        label=gettext_lazy("Restaurant"),
        icon="storefront",
        position=60,
    ),
)


class MembershipInline(TabularInline[Membership, Restaurant]):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


def _each(
    modeladmin: Any,
    request: HttpRequest,
    rows: QuerySet[Restaurant],
    act: Callable[[Restaurant], Restaurant],
) -> None:
    """Do something to each restaurant, and say and record what became of it."""
    for row in rows:
        try:
            restaurant = act(row)
        except (RefusedError, WrongStatusError) as error:
            messages.error(request, f"{row}: {error.message}")
        else:
            status = restaurant.get_status_display()
            modeladmin.log_change(request, restaurant, status)
            messages.success(request, f"{restaurant}: {status}")


@admin.action(description=gettext_lazy("Approve"), permissions=["change"])
def approve(modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]) -> None:
    operator = operator_of(request)
    _each(
        modeladmin,
        request,
        rows,
        lambda row: approve_restaurant(restaurant_pk=row.pk, operator=operator),
    )


@admin.action(description=gettext_lazy("Suspend"), permissions=["change"])
def suspend(
    modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]
) -> HttpResponse | None:
    if "confirmed" not in request.POST:
        context = {
            **modeladmin.admin_site.each_context(request),
            "title": _("Suspend?"),
            "restaurants": rows,
            "action_name": "suspend",
        }
        return TemplateResponse(request, "admin/restaurants/suspend.html", context)
    _each(
        modeladmin,
        request,
        rows,
        lambda row: suspend_restaurant(restaurant_pk=row.pk),
    )
    return None


@admin.action(
    description=gettext_lazy("List again after a suspension"), permissions=["change"]
)
def reinstate(
    modeladmin: Any, request: HttpRequest, rows: QuerySet[Restaurant]
) -> None:
    _each(
        modeladmin,
        request,
        rows,
        lambda row: reinstate_restaurant(restaurant_pk=row.pk),
    )


@admin.register(Restaurant)
class RestaurantAdmin(AsksAgain, SecureWebsite, ModelAdmin[Restaurant]):
    list_display = ["name", "status", "takes_orders", "locality", "region"]
    list_select_related = ["region"]
    list_filter = ["status", "takes_orders", "region"]
    search_fields = ["name", "slug", "locality"]
    prepopulated_fields = {"slug": ["name"]}
    filter_horizontal = ["cuisines"]
    # Set by the actions, which keep the rules; and by the page of terms: this form
    # would make an empty list of no minutes by the hour, which the table refuses.
    readonly_fields = ["status", "preparation_week"]
    inlines = [OpeningHoursInline, SpecialHoursInline, MembershipInline]
    actions = [approve, suspend, reinstate]
    change_form_outer_before_template = "admin/restaurants/_restaurant_links.html"
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_as_owner)
        name = "restaurants_restaurant_act"
        return [path("<int:pk>/act/", view, name=name), *super().get_urls()]

    def act_as_owner(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the reason, then open the restaurant's portal to the operator."""
        if not request.user.has_perm("restaurants.add_actingsession"):
            raise PermissionDenied
        restaurant = get_object_or_404(Restaurant, pk=pk)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                session = start_acting(
                    restaurant_pk=pk, operator=operator_of(request), reason=reason
                )
            except (RefusedError, WrongStatusError) as error:
                form.add_error(None, str(error.message))
            else:
                words = _("Acted as the owner: %s") % reason
                # On the session: the restaurant's history is its members' to read.
                self.log_addition(request, session, words)
                request.session[owner_site.session_key] = pk
                return redirect("owner:index")
        return ask_reason(
            self,
            request,
            form,
            title=_("Act as the owner of %s") % restaurant.name,
            text=_(
                "The portal opens as the owner sees it, for two hours at most. What"
                " you do there is recorded under your own name, with this reason."
            ),
            button=_("Open the portal"),
            back=reverse("admin:restaurants_restaurant_change", args=[pk]),
        )

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
        stop_webhooks_of_others(restaurant_pks=[form.instance.pk])


@admin.register(Membership)
class MembershipAdmin(ModelAdmin[Membership]):
    list_display = ["user", "restaurant", "role"]
    list_select_related = ["user", "restaurant"]
    list_filter = ["role"]
    search_fields = ["user__email", "restaurant__name"]
    autocomplete_fields = ["user", "restaurant"]

    def save_model(
        self, request: HttpRequest, obj: Membership, form: Any, change: Any
    ) -> None:
        before = Membership.objects.filter(pk=obj.pk)
        restaurants = {obj.restaurant_id, *before.values_list("restaurant", flat=True)}
        super().save_model(request, obj, form, change)
        stop_webhooks_of_others(restaurant_pks=restaurants)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        super().delete_model(request, obj)
        stop_webhooks_of_others(restaurant_pks=[obj.restaurant_id])

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Membership]
    ) -> None:
        restaurants = set(queryset.values_list("restaurant", flat=True))
        super().delete_queryset(request, queryset)
        stop_webhooks_of_others(restaurant_pks=restaurants)


@admin.register(Region)
class RegionAdmin(ModelAdmin[Region]):
    list_display = ["code", "name"]
    search_fields = ["code", "name"]


@admin.register(Cuisine)
class CuisineAdmin(ModelAdmin[Cuisine]):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
