"""The history of a restaurant's menus, and what keeps it around the portal's pages."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import User
from menus.exceptions import CannotTakeBackError
from menus.models import Item, Menu, MenuChange, ModifierGroup, Section
from menus.selectors import get_menu_change, list_menu_changes
from menus.services.history import (
    MODELS,
    NESTED,
    record_changes_of,
    undo_change,
)
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, own_restaurants, owner_site

PAGE_SIZE = 20
ROWS_SHOWN = 50
HIGHEST_KEY = 2**63 - 1
# What is shown of a row that was made or deleted; the rest is of no use to people.
TELLING = [
    *("name", "price", "price_difference", "section_id", "menu_id", "code"),
    *("min_choices", "max_choices", "weekday", "opens_at", "closes_at"),
]


class RecordsChanges:
    """A model admin of the menu whose changes are kept in the history."""

    duty: Duty

    @contextmanager
    def _recording(self, request: HttpRequest) -> Iterator[None]:
        if request.method != "POST":
            yield
            return
        own = own_restaurants(request.user, self.duty).order_by()
        user = request.user if isinstance(request.user, User) else None
        with record_changes_of(
            restaurant_pks=own.values_list("pk", flat=True), user=user
        ):
            yield

    def changeform_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        with self._recording(request):
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def changelist_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        with self._recording(request):
            return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def delete_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        with self._recording(request):
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc,no-any-return]


@dataclass(frozen=True)
class ShownValue:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class ShownRow:
    kind: str
    name: str
    verb: str
    values: list[ShownValue]


class _Words:
    """Says what stands in changes, with the names of the rows they refer to."""

    def __init__(self, restaurant: Restaurant, rows: Iterable[dict[str, Any]]) -> None:
        wanted: dict[type[Any], set[int]] = defaultdict(set)
        for row in rows:
            for values in filter(None, (row["before"], row["after"])):
                for name, value in values.items():
                    self._collect(wanted, row["model"], name, value)
        paths = {
            Menu: "restaurant",
            Section: "menu__restaurant",
            Item: "restaurant",
            ModifierGroup: "restaurant",
        }
        # One query each, however many; asked even for none, to be a constant count.
        self.names: dict[type[Any], dict[int, str]] = {
            model: dict(
                model._default_manager.filter(  # noqa: SLF001
                    **{path: restaurant}, pk__in=[0, *wanted[model]]
                ).values_list("pk", "name")
            )
            for model, path in paths.items()
        }

    def _collect(
        self, wanted: dict[type[Any], set[int]], model: str, name: str, value: Any
    ) -> None:
        if name == NESTED:
            wanted[ModifierGroup].update(value)
            return
        related = _related(model, name)
        if related is not None and value is not None:
            wanted[related].add(value)

    def say_row(self, row: dict[str, Any]) -> ShownRow:
        before, after = row["before"], row["after"]
        if before is None:
            verb, names = _("added"), [name for name in TELLING if name in after]
        elif after is None:
            verb, names = _("removed"), [name for name in TELLING if name in before]
        else:
            verb, names = _("changed"), list(after)
        values = [
            ShownValue(
                _label(row["model"], name),
                self._say(row["model"], name, before),
                self._say(row["model"], name, after),
            )
            for name in names
        ]
        kind = str(MODELS[row["model"]]._meta.verbose_name)  # noqa: SLF001
        return ShownRow(kind, row["name"], verb, values)

    def _say(self, model: str, name: str, values: dict[str, Any] | None) -> str:
        value = (values or {}).get(name)
        if value is None or value in ("", []):
            return ""
        if name == NESTED:
            return ", ".join(self._named(ModifierGroup, pk) for pk in value)
        related = _related(model, name)
        if related is not None:
            return self._named(related, value)
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return ", ".join(value) if isinstance(value, list) else str(value)

    def _named(self, model: type[Any], pk: int) -> str:
        return self.names.get(model, {}).get(pk) or _("one that is gone")


def _related(model: str, name: str) -> type[Any] | None:
    try:
        field = MODELS[model]._meta.get_field(name)  # noqa: SLF001
    except FieldDoesNotExist:
        return None
    if isinstance(field, ForeignKey) and field.related_model in MODELS.values():
        return field.related_model
    return None


def _label(model: str, name: str) -> str:
    try:
        field = MODELS[model]._meta.get_field(name)  # noqa: SLF001
    except FieldDoesNotExist:
        return name
    return str(getattr(field, "verbose_name", name))


def history(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    changes = list_menu_changes(
        restaurant=restaurant,
        older_than=_key(request.GET.get("before", "")),
        count=PAGE_SIZE + 1,
        shown=ROWS_SHOWN,
    )
    shown = changes[:PAGE_SIZE]
    words = _Words(restaurant, (row for one in shown for row in one.rows))
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Menu history"),
        changes=[
            (one.change, [words.say_row(row) for row in one.rows], one.row_count)
            for one in shown
        ],
        rows_shown=ROWS_SHOWN,
        older=shown[-1].change.pk if len(changes) > PAGE_SIZE else None,
        is_first=not request.GET.get("before"),
    )
    return TemplateResponse(request, "owner/menu_history.html", context)


def undo(request: HttpRequest, restaurant: Restaurant, change_pk: int) -> HttpResponse:
    change = _get(restaurant, change_pk)
    obstacles: Collection[str] = []
    error = ""
    if request.method == "POST":
        assert isinstance(request.user, User)
        try:
            undo_change(change_pk=change.pk, user=request.user)
        except CannotTakeBackError as refusal:
            error, obstacles = str(refusal.message), refusal.obstacles[:ROWS_SHOWN]
        else:
            messages.success(
                request, _("Taken back: %(change)s") % {"change": change.summary}
            )
            return redirect(reverse("owner:menu-history", args=[restaurant.pk]))
    rows = change.rows[:ROWS_SHOWN]
    words = _Words(restaurant, rows)
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Take back a change"),
        change=change,
        rows=[words.say_row(row) for row in rows],
        hidden_count=max(0, len(change.rows) - ROWS_SHOWN),
        error=error,
        obstacles=obstacles,
    )
    return TemplateResponse(request, "owner/menu_undo.html", context)


def _get(restaurant: Restaurant, change_pk: int) -> MenuChange:
    if change_pk > HIGHEST_KEY:
        raise Http404
    try:
        return get_menu_change(restaurant=restaurant, change_pk=change_pk)
    except MenuChange.DoesNotExist as error:
        raise Http404 from error


def _key(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text[:20]) <= HIGHEST_KEY else None


PAGES = [
    Page(
        path="menu/history/",
        name="menu-history",
        view=history,
        duty=Duty.MENU,
        icon="history",
    ),
    Page(
        path="menu/history/<int:change_pk>/",
        name="menu-undo",
        view=undo,
        duty=Duty.MENU,
    ),
]
