"""Figures: a restaurant's for its owner, the marketplace's for operators."""

from datetime import date, timedelta

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.selectors import add_up_figures, get_daily_figures
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, own_restaurants, owner_site


class PeriodForm(forms.Form):
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)

    def get_period(self, today: date) -> tuple[date, date]:
        """Return the days asked for; the last thirty when nothing sensible is."""
        self.is_valid()
        until = self.cleaned_data.get("until") or today
        since = self.cleaned_data.get("since") or until - timedelta(days=29)
        return min(since, until), max(since, until)


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


def figures(request: HttpRequest) -> HttpResponse:
    return show_figures(request, owner_site, own_restaurants(request.user, Duty.MONEY))


PAGES = [
    Page(
        path="figures/",
        name="figures",
        view=figures,
        duty=Duty.MONEY,
        label=gettext_lazy("Figures"),
        icon="bar_chart",
        position=40,
        about_one=False,
    )
]
