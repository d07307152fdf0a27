"""The portal's pages about opening hours, delivery terms and preparation times."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils.translation import gettext_lazy

from restaurants.hours_pages.preparation import (
    offer_suggestions,
    preparation,
)
from restaurants.hours_pages.terms import terms, terms_preview
from restaurants.hours_pages.week import (
    hours,
    hours_holidays,
    hours_preview,
    hours_special,
    hours_special_remove,
)
from restaurants.models import Duty
from restaurants.owner_site import Page

__all__ = ["PAGES", "offer_suggestions"]


def _page(path: str, name: str, view: Callable[..., HttpResponse]) -> Page:
    return Page(path=path, name=name, view=view, duty=Duty.HOURS)


PAGES: list[Page] = [
    Page(
        path="hours/",
        name="hours",
        view=hours,
        duty=Duty.HOURS,
        label=gettext_lazy("Opening hours"),
        icon="schedule",
        position=61,
    ),
    _page("hours/preview/", "hours-preview", hours_preview),
    _page("hours/special/", "hours-special", hours_special),
    _page("hours/special/remove/", "hours-special-remove", hours_special_remove),
    _page("hours/holidays/", "hours-holidays", hours_holidays),
    Page(
        path="terms/",
        name="terms",
        view=terms,
        duty=Duty.HOURS,
        label=gettext_lazy("Delivery and pickup"),
        icon="delivery_dining",
        position=62,
    ),
    _page("terms/preview/", "terms-preview", terms_preview),
    _page("preparation/", "preparation", preparation),
]
