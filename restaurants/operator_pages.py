"""The operators' pages about applications, and about acting for a restaurant."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from customers.models import User
from restaurants.exceptions import RefusedError, WrongStatusError
from restaurants.models import ActingSession, Application, Restaurant
from restaurants.selectors import get_acting_session, list_hints
from restaurants.services.acting import end_acting
from restaurants.services.joining import (
    approve_restaurant,
    record_checks,
    refuse_restaurant,
)


def operator_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


def ask_reason(
    modeladmin: Any, request: HttpRequest, form: forms.Form, **words: str
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "form": form,
        **words,
    }
    request.current_app = modeladmin.admin_site.name
    return TemplateResponse(request, "admin/restaurants/reason.html", context)


class ApplicationChecksForm(ModelForm[Application]):
    checks = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Checklist"),
        choices=Application.Check.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        empty_value=[],
    )

    class Meta:
        model = Application
        fields = ["checks"]


@admin.register(Application)
class ApplicationAdmin(ModelAdmin[Application]):
    """Restaurants that wait for approval, those decided on after them."""

    form = ApplicationChecksForm
    list_display = ["restaurant", "status", "legal_name", "applied_at", "decided_at"]
    list_select_related = ["restaurant"]
    list_filter = ["restaurant__status", ("decided_at", admin.EmptyFieldListFilter)]
    search_fields = ["restaurant__name", "legal_name", "registration"]
    ordering = [F("decided_at").desc(nulls_first=True), "applied_at"]
    readonly_fields = [
        *("restaurant", "status", "applicant", "legal_name", "registration"),
        *("message", "contact", "place", "hints", "applied_at"),
        *("decided_at", "decided_by", "refusal"),
    ]
    fields = [
        *("restaurant", "status", "applicant", "legal_name", "registration"),
        *("message", "contact", "place", "hints", "checks"),
        *("applied_at", "decided_at", "decided_by", "refusal"),
    ]
    change_form_after_template = "admin/restaurants/_decide.html"
    show_full_result_count = False

    @admin.display(description=gettext_lazy("status"))
    def status(self, application: Application) -> str:
        return application.restaurant.get_status_display()

    @admin.display(description=gettext_lazy("contact"))
    def contact(self, application: Application) -> str:
        restaurant = application.restaurant
        return f"{restaurant.phone} · {restaurant.email}"

    @admin.display(description=gettext_lazy("place"))
    def place(self, application: Application) -> str:
        one = application.restaurant
        address = (one.street_address, one.postal_code, one.locality, one.country)
        where = f"{one.latitude:.5f}, {one.longitude:.5f}"
        return f"{', '.join(part for part in address if part)} ({where})"

    @admin.display(description=gettext_lazy("what stands out"))
    def hints(self, application: Application) -> str:
        return " ".join(list_hints(application.restaurant)) or _("Nothing.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.restaurant.status != Restaurant.Status.PENDING:
            return False
        return bool(super().has_change_permission(request, obj))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.refuse)
        name = "restaurants_application_refuse"
        return [path("<int:pk>/refuse/", view, name=name), *super().get_urls()]

    def save_model(
        self, request: HttpRequest, obj: Application, form: Any, change: Any
    ) -> None:
        try:
            record_checks(
                restaurant_pk=obj.restaurant_id, checks=form.cleaned_data["checks"]
            )
        except WrongStatusError as error:
            messages.error(request, str(error.message))

    def response_change(self, request: HttpRequest, obj: Application) -> HttpResponse:
        here = reverse("admin:restaurants_application_change", args=[obj.pk])
        if "_refuse" in request.POST:
            return redirect("admin:restaurants_application_refuse", obj.pk)
        if "_approve" not in request.POST:
            answer: HttpResponse = super().response_change(request, obj)
            return answer
        try:
            approve_restaurant(
                restaurant_pk=obj.restaurant_id, operator=operator_of(request)
            )
        except (RefusedError, WrongStatusError) as error:
            messages.error(request, str(error.message))
        else:
            self.log_change(request, obj, _("Approved"))
            messages.success(request, _("%s can set itself up now.") % obj)
        return redirect(here)

    def refuse(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, then turn the application down."""
        rows = Application.objects.select_related("restaurant")
        application = get_object_or_404(rows, pk=pk)
        if not self.has_change_permission(request, application):
            raise PermissionDenied
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                refuse_restaurant(
                    restaurant_pk=application.restaurant_id,
                    operator=operator_of(request),
                    reason=reason,
                )
            except WrongStatusError as error:
                messages.error(request, str(error.message))
            else:
                self.log_change(request, application, _("Refused: %s") % reason)
                messages.success(request, _("%s is refused.") % application)
            return redirect("admin:restaurants_application_changelist")
        return ask_reason(
            self,
            request,
            form,
            title=_("Refuse %s?") % application,
            text=_("The applicant is told the reason, and may try again with changes."),
            button=_("Refuse"),
            back=reverse("admin:restaurants_application_change", args=[pk]),
        )


@admin.register(ActingSession)
class ActingSessionAdmin(ModelAdmin[ActingSession]):
    """Who acted for which restaurant, when and why: to be read only."""

    list_display = [
        *("restaurant", "operator", "reason"),
        *("started_at", "expires_at", "ended_at"),
    ]
    list_select_related = ["restaurant", "operator"]
    list_filter = ["started_at"]
    search_fields = ["restaurant__name", "operator__email"]
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.stop))
        name = "restaurants_actingsession_stop"
        return [path("stop/", view, name=name), *super().get_urls()]

    def stop(self, request: HttpRequest) -> HttpResponse:
        session = get_acting_session(operator_of(request))
        end_acting(operator=operator_of(request))
        if session is None:
            return redirect("admin:index")
        messages.success(
            request, _("You no longer act for %s.") % session.restaurant.name
        )
        return redirect("admin:restaurants_restaurant_change", session.restaurant_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
