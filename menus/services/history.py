"""Who changed what on a menu, and the way back.

A change is the difference between the rows of a restaurant before and after it, so what
is recorded does not depend on how a page saves.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import User
from menus.exceptions import CannotTakeBackError
from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    MenuChange,
    MenuHours,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.services.selling import refresh_dishes

# Parents before children: what is gone is made again in this order.
RESTAURANT_PATHS: dict[type[models.Model], str] = {
    Menu: "restaurant",
    MenuHours: "menu__restaurant",
    Section: "menu__restaurant",
    ModifierGroup: "restaurant",
    Item: "restaurant",
    Modifier: "group__restaurant",
    ItemModifierGroup: "item__restaurant",
}
# What a draft holds is recorded once it is published.
LIVE_ROWS: dict[type[models.Model], dict[str, Any]] = {
    Menu: {"draft_of": None},
    MenuHours: {"menu__draft_of": None},
    Section: {"menu__draft_of": None},
    Item: {"is_draft": False},
    ItemModifierGroup: {"item__is_draft": False},
}
MODELS = {model.__name__: model for model in RESTAURANT_PATHS}
# What sales and the evening change by themselves, and what only drafts have.
NOT_RECORDED = {"id", "sold_out_until", "portions_left", "draft_of_id", "is_draft"}
NESTED = "nested_groups"
# Of this app's own: any number, as long as nobody else locks with it.
LOCK = 0x6D656E75
SUMMARY_LENGTH = 200

Values = dict[str, Any]
Snapshot = dict[tuple[str, int], Values]
_recorded: ContextVar[frozenset[int]] = ContextVar("recorded", default=frozenset())


@contextmanager
def record_changes(
    *, restaurant_pk: int, user: User | None, summary: str = ""
) -> Iterator[None]:
    """Record what the block changes on a restaurant's menus, in one transaction.

    Without a summary one is made of the rows. Inside another recording of the same
    restaurant it does nothing: the outer one sees it all.
    """
    with record_changes_of(restaurant_pks=[restaurant_pk], user=user, summary=summary):
        yield


@contextmanager
def record_changes_of(
    *, restaurant_pks: Iterable[int], user: User | None, summary: str = ""
) -> Iterator[None]:
    """Record what the block changes on several restaurants' menus, as above."""
    outer = _recorded.get()
    pks = sorted(set(restaurant_pks) - outer)
    if not pks:
        yield
        return
    token = _recorded.set(outer | set(pks))
    try:
        with transaction.atomic():
            _take_turns(pks)
            before = _look(pks)
            yield
            after = _look(pks)
            for pk in pks:
                rows = _compare(before[pk], after[pk])
                if rows:
                    _write(pk, user, summary, rows)
    finally:
        _recorded.reset(token)


def _take_turns(restaurant_pks: Iterable[int]) -> None:
    """Let one recording of a restaurant wait for another, and nobody's order for it."""
    with connection.cursor() as cursor:
        for pk in restaurant_pks:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [(LOCK << 32) + pk])


def _write(
    restaurant_pk: int, user: User | None, summary: str, rows: list[Values]
) -> MenuChange:
    words = summary or _summarise(rows)
    return MenuChange.objects.create(
        restaurant_id=restaurant_pk,
        user=user,
        summary=_shorten(words),
        rows=rows,
    )


def _shorten(words: str) -> str:
    if len(words) <= SUMMARY_LENGTH:
        return words
    return words[: SUMMARY_LENGTH - 1] + "…"


def _summarise(rows: list[Values]) -> str:
    """Say what changed by its most telling row: an item before what belongs to it."""
    order = ["Item", "ModifierGroup", "Menu", "Section", "Modifier", "MenuHours"]
    ranks = {name: rank for rank, name in enumerate(order)}
    first = min(rows, key=lambda row: ranks.get(row["model"], len(order)))
    kind = str(MODELS[first["model"]]._meta.verbose_name)  # noqa: SLF001
    words = {"kind": kind[:1].upper() + kind[1:], "name": first["name"]}
    if first["before"] is None:
        said = _("%(kind)s “%(name)s” added") % words
    elif first["after"] is None:
        said = _("%(kind)s “%(name)s” removed") % words
    else:
        said = _("%(kind)s “%(name)s” changed") % words
    others = len({row["name"] for row in rows} - {first["name"]})
    if not others:
        return said
    more = ngettext("and %(count)d more", "and %(count)d more", others)
    return f"{said} {more % {'count': others}}"


def _look(restaurant_pks: Collection[int]) -> dict[int, Snapshot]:
    """Return all recorded rows of restaurants, in a query per model."""
    found: dict[int, Snapshot] = {pk: {} for pk in restaurant_pks}
    for model, path in RESTAURANT_PATHS.items():
        fields = _fields(model)
        rows = (
            model._default_manager.filter(  # noqa: SLF001
                **{f"{path}__in": restaurant_pks}, **LIVE_ROWS.get(model, {})
            )
            .order_by()
            .values_list("pk", f"{path}_id", *fields)
        )
        for pk, restaurant_pk, *values in rows:
            found[restaurant_pk][model.__name__, pk] = dict(
                zip(fields, values, strict=True)
            )
    _add_nested(found)
    return found


def _fields(model: type[models.Model]) -> list[str]:
    names = [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001
    return [name for name in names if name not in NOT_RECORDED]


def _add_nested(found: dict[int, Snapshot]) -> None:
    for snapshot in found.values():
        for (model, _pk), values in snapshot.items():
            if model == Modifier.__name__:
                values[NESTED] = []
    links = (
        Modifier.nested_groups.through.objects.filter(
            modifier__group__restaurant__in=list(found)
        )
        .order_by("modifiergroup_id")
        .values_list("modifier__group__restaurant", "modifier_id", "modifiergroup_id")
    )
    for restaurant_pk, modifier_pk, group_pk in links:
        found[restaurant_pk][Modifier.__name__, modifier_pk][NESTED].append(group_pk)


def _compare(before: Snapshot, after: Snapshot) -> list[Values]:
    rows = []
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if old is not None and new is not None:
            names = [name for name in old if old[name] != new[name]]
            old_values, new_values = _pick(old, names), _pick(new, names)
        else:
            old_values, new_values = _pick(old), _pick(new)
        rows.append(
            {
                "model": key[0],
                "pk": key[1],
                "name": _name(key[0], old or new or {}, before, after),
                "before": old_values,
                "after": new_values,
            }
        )
    return rows


def _pick(values: Values | None, names: Iterable[str] | None = None) -> Values | None:
    if values is None:
        return None
    return {name: _plain(values[name]) for name in names or values}


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it, and as it compares equal when read again."""
    match value:
        case Decimal() | UUID():
            return str(value)
        case datetime() | time():
            return value.isoformat()
        case _:
            return value


def _name(model: str, values: Values, before: Snapshot, after: Snapshot) -> str:
    def named(kind: str, pk: int) -> str:
        row = before.get((kind, pk)) or after.get((kind, pk)) or {}
        return str(row.get("name", ""))

    match model:
        case "MenuHours":
            return named("Menu", values["menu_id"])
        case "Modifier":
            return f"{named('ModifierGroup', values['group_id'])} · {values['name']}"
        case "ItemModifierGroup":
            item = named("Item", values["item_id"])
            return f"{item} · {named('ModifierGroup', values['group_id'])}"
        case _:
            return str(values["name"])


def undo_change(*, change_pk: int, user: User | None) -> MenuChange:
    """Put back what a change replaced; return the change that this is by itself.

    Rows it made are deleted, items that were ordered hidden; rows it deleted are made
    again. CannotTakeBackError when something of it was changed since, with the list;
    then nothing is done.
    """
    try:
        with transaction.atomic():
            change = MenuChange.objects.get(pk=change_pk)
            _take_turns([change.restaurant_id])
            change.refresh_from_db()
            if change.undone_by_id is not None:
                raise CannotTakeBackError(_("This change was taken back already."))
            undoing = _Undoing(change)
            undoing.run()
            refresh_dishes(restaurant_pk=change.restaurant_id)
            rows = _compare(undoing.now, _look([change.restaurant_id])[undoing.owner])
            words = _("Taken back: %(change)s") % {"change": change.summary}
            undo = _write(change.restaurant_id, user, words, rows)
            change.undone_by = undo
            change.save(update_fields=["undone_by"])
    except IntegrityError as error:
        raise CannotTakeBackError(
            _("Something on the menu now stands in the place of what was there before.")
        ) from error
    return undo


@dataclass(frozen=True)
class _Step:
    model: type[models.Model]
    pk: int
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class _Undoing:
    """The steps back from a change, checked as a whole before the first is taken."""

    def __init__(self, change: MenuChange) -> None:
        self.owner = change.restaurant_id
        self.now = _look([self.owner])[self.owner]
        self.steps = [
            _Step(
                MODELS[row["model"]],
                row["pk"],
                row["name"],
                row["before"],
                row["after"],
            )
            for row in change.rows
        ]

    def run(self) -> None:
        obstacles = [
            words for step in self.steps if (words := self._obstacle(step)) is not None
        ]
        if obstacles:
            raise CannotTakeBackError(
                _("Something of this was changed since, so it cannot be taken back."),
                list(dict.fromkeys(obstacles)),
            )
        order = list(RESTAURANT_PATHS)
        self._free_codes()
        gone = [s for s in self.steps if s.before is not None and s.after is None]
        for step in sorted(gone, key=lambda step: order.index(step.model)):
            self._make_again(step)
        for step in self.steps:
            if step.before is not None and step.after is not None:
                self._put_back(step)
        for step in gone:
            self._ask_further(step)
        made = [step for step in self.steps if step.before is None]
        for step in sorted(made, key=lambda step: -order.index(step.model)):
            self._remove(step)

    def _current(self, step: _Step) -> Values | None:
        return _pick(self.now.get((step.model.__name__, step.pk)))

    def _obstacle(self, step: _Step) -> str | None:
        """Say what stands in the way of a step; None when nothing does."""
        current = self._current(step)
        if step.before is None:
            words = self._why_not_remove(step, current)
        elif step.after is None:
            words = self._why_not_make_again(step, current)
        else:
            words = self._why_not_put_back(step, current)
        return words and words % {"name": step.name}

    def _why_not_remove(self, step: _Step, current: Values | None) -> str | None:
        if current is None:
            return None
        if any(current[name] != value for name, value in (step.after or {}).items()):
            return _("“%(name)s” was changed since.")
        if self._holds_more(step):
            return _("Something was added to “%(name)s” since.")
        return None

    def _why_not_make_again(self, step: _Step, current: Values | None) -> str | None:
        if current is not None:
            return _("“%(name)s” is there again.")
        if not self._has_parents(step):
            return _("What “%(name)s” belonged to is gone.")
        return None

    def _why_not_put_back(self, step: _Step, current: Values | None) -> str | None:
        before, after = step.before or {}, step.after or {}
        if current is None:
            return _("“%(name)s” was removed since.")
        if any(current[name] not in (after[name], before[name]) for name in after):
            return _("“%(name)s” was changed since.")
        return None

    def _holds_more(self, step: _Step) -> bool:
        """Tell whether rows that this change did not make would go with its row."""
        mine = {
            (other.model.__name__, other.pk)
            for other in self.steps
            if other.before is None
        }
        parent = {
            Menu: "menu_id",
            Section: "section_id",
            ModifierGroup: "group_id",
        }.get(step.model)
        if parent is None:
            return False
        return any(
            values.get(parent) == step.pk
            for key, values in self.now.items()
            if key not in mine
        )

    def _has_parents(self, step: _Step) -> bool:
        assert step.before is not None
        back = {
            (other.model.__name__, other.pk)
            for other in self.steps
            if other.after is None
        }
        for field in step.model._meta.concrete_fields:  # noqa: SLF001
            parent = field.related_model
            if parent not in MODELS.values() or field.null:
                continue
            pk = step.before.get(field.attname)
            key = (parent.__name__, pk)  # type: ignore[union-attr]
            if key not in self.now and key not in back:
                return False
        return True

    def _free_codes(self) -> None:
        """Make room for codes that two items exchange."""
        pks = [
            step.pk
            for step in self.steps
            if step.model is Item and step.before and "code" in step.before
        ]
        Item.objects.filter(pk__in=pks).update(code="")

    def _make_again(self, step: _Step) -> None:
        values = {k: v for k, v in (step.before or {}).items() if k != NESTED}
        linked = values.get("linked_item_id")
        if linked and not Item.objects.filter(pk=linked).exists():
            values["linked_item_id"] = None
        step.model._default_manager.create(  # noqa: SLF001
            pk=step.pk, **self._read(step.model, values)
        )

    def _put_back(self, step: _Step) -> None:
        values = dict(step.before or {})
        nested = values.pop(NESTED, None)
        rows = step.model._default_manager.filter(pk=step.pk)  # noqa: SLF001
        if values:
            rows.update(**self._read(step.model, values))
        if nested is not None:
            self._nest(step.pk, nested)

    def _ask_further(self, step: _Step) -> None:
        nested = (step.before or {}).get(NESTED)
        if nested:
            self._nest(step.pk, nested)

    def _nest(self, modifier_pk: int, group_pks: list[int]) -> None:
        groups = ModifierGroup.objects.filter(pk__in=group_pks, restaurant=self.owner)
        Modifier.objects.get(pk=modifier_pk).nested_groups.set(groups)

    def _remove(self, step: _Step) -> None:
        rows = step.model._default_manager.filter(pk=step.pk)  # noqa: SLF001
        if step.model is Item and _was_ordered(step.pk):
            rows.update(is_active=False)
        elif step.model is Section and Item.objects.filter(section=step.pk).exists():
            return  # It keeps an item that was ordered and is hidden now.
        elif step.model is Menu and Section.objects.filter(menu=step.pk).exists():
            rows.update(is_active=False)
        else:
            rows.delete()

    def _read(self, model: type[models.Model], values: Mapping[str, Any]) -> Values:
        photo = values.get("photo")
        if photo and not default_storage.exists(photo):
            values = {**values, "photo": ""}
        fields = {field.attname: field for field in model._meta.concrete_fields}  # noqa: SLF001
        return {
            name: fields[name].to_python(value)
            for name, value in values.items()
            if name in fields
        }


def _was_ordered(item_pk: int) -> bool:
    """Tell whether anything outside the menus holds on to an item."""
    for relation in Item._meta.related_objects:  # noqa: SLF001
        holder = relation.related_model
        if holder._meta.app_label == Item._meta.app_label:  # noqa: SLF001
            continue
        if holder._default_manager.filter(**{relation.field.name: item_pk}).exists():  # noqa: SLF001
            return True
    return False
