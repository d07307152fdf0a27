"""What the operators' search finds: people, restaurants, orders and deliveries.

Each kind is asked for a few rows only, by columns of its own, so that an answer does
not take longer as the marketplace grows; the lists behind them can search on.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from customers.models import User
from delivery.models import Delivery
from menus.templatetags.money import money
from orders.models import Order
from restaurants.models import Application, Restaurant

MOST_OF_A_KIND = 8
LEAST_LETTERS = 2
LONGEST = 100
MOST_DIGITS = 9  # an order's number fits in four bytes


def search_everything(request: HttpRequest, term: str) -> list[SearchResult]:
    """Return what the operator may see that has the term in it, people first."""
    term = term.strip().replace("\0", "")[:LONGEST]
    number = _number(term)
    if len(term) < LEAST_LETTERS and number is None:
        return []
    results: list[SearchResult] = []
    for model, rows in _rows(term, number):
        if request.user.has_perm(f"{_label(model)[0]}.view_{_label(model)[1]}"):
            results += _results(model, rows, term)
    return results


def _number(term: str) -> int | None:
    digits = term.removeprefix("#")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
    return int(digits) if is_number else None


def _rows(
    term: str, number: int | None
) -> Iterable[tuple[type[Model], QuerySet[Any, Any]]]:
    people = User.objects.filter(
        Q(email__icontains=term) | Q(name__icontains=term) | Q(phone__icontains=term)
    )
    yield User, people.order_by("email")
    restaurants = Restaurant.objects.filter(
        Q(name__icontains=term)
        | Q(slug__icontains=term)
        | Q(email__iexact=term)
        | Q(phone=term)
    )
    yield Restaurant, restaurants.order_by("name")
    applications = Application.objects.filter(
        Q(legal_name__icontains=term) | Q(registration__iexact=term)
    )
    yield Application, applications.select_related("restaurant")
    orders = Order.objects.select_related("restaurant").order_by("-pk")
    deliveries = Delivery.objects.select_related("order__restaurant").order_by("-pk")
    if number is not None:
        yield Order, orders.filter(number=number)
        yield Delivery, deliveries.filter(order__number=number)
    else:
        yield Order, orders.filter(customer_name__icontains=term)
        yield Delivery, deliveries.filter(courier_name__icontains=term)


def _label(model: type[Model]) -> tuple[str, str]:
    options = model._meta  # noqa: SLF001 (public in all but name)
    return options.app_label, str(options.model_name)


def _results(
    model: type[Model], rows: QuerySet[Any, Any], term: str
) -> list[SearchResult]:
    found = list(rows[: MOST_OF_A_KIND + 1])
    start = "admin:" + "_".join(_label(model))
    kind = str(model._meta.verbose_name).capitalize()  # noqa: SLF001
    results = [
        SearchResult(
            title=_title(one),
            description=kind,
            link=reverse(f"{start}_change", args=[one.pk]),
            icon=ICONS[model],
        )
        for one in found[:MOST_OF_A_KIND]
    ]
    if len(found) > MOST_OF_A_KIND:
        query = urlencode({"q": term})
        results.append(
            SearchResult(
                title=_("More in the list …"),
                description=kind,
                link=f"{reverse(f'{start}_changelist')}?{query}",
                icon=ICONS[model],
            )
        )
    return results


ICONS: dict[type[Model], str] = {
    User: "person",
    Restaurant: "storefront",
    Application: "fact_check",
    Order: "receipt_long",
    Delivery: "delivery_dining",
}


def _title(row: Any) -> str:
    if isinstance(row, User):
        return f"{row.email} · {row.name}" if row.name else row.email
    if isinstance(row, Restaurant):
        parts = (row.name, row.locality, row.get_status_display())
        return " · ".join(part for part in parts if part)
    if isinstance(row, Order):
        total = money(row.total, row.currency)
        return f"{row.number} · {row.restaurant_name} · {row.customer_name} · {total}"
    if isinstance(row, Delivery):
        return f"{row.order.number} · {row.order.restaurant_name} · {row.courier_name}"
    return f"{row.restaurant} · {row.legal_name}"
