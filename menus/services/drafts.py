"""A menu edited apart from what customers see, until it is published.

A draft is a copy of the menu; each of its rows knows the live row it will become. When
it is published the values go to the live rows, which stay the same rows: carts,
favourites and orders refer to them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from menus.exceptions import DraftConflictError, EditConflictError
from menus.models import (
    DRAFT_MARK,
    Item,
    ItemModifierGroup,
    Menu,
    MenuChange,
    MenuHours,
    Section,
)
from menus.services.editing import (
    changed_meanwhile,
    drop_photos,
    lock_items,
    lock_menu,
)
from menus.services.selling import refresh_dishes

# What a draft's item brings to the live one; never what sales change meanwhile.
DRAFTED_FIELDS = [
    *("name", "description", "photo", "drawing", "price", "tax_rate", "diets"),
    *("allergens", "is_active", "code"),
]
# What the source of a draft's copy starts with.
ORIGIN = "draft of "
GroupList = list[tuple[int, int]]


@dataclass(frozen=True)
class ItemDifference:
    name: str
    before: Decimal
    after: Decimal


@dataclass
class DraftComparison:
    """What publishing a draft would do, by the names of items."""

    added: list[str] = field(default_factory=list)
    changed: list[ItemDifference] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    # Changed on the live menu since the draft was begun: the draft would win.
    conflicts: list[str] = field(default_factory=list)
    # Added to the live menu since: they stay.
    kept: list[str] = field(default_factory=list)

    @property
    def change_count(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)


@transaction.atomic
def start_draft(*, menu_pk: int) -> Menu:
    """Return the draft of a live menu, begun now unless there is one.

    Modifier groups are shared with it, not copied. EditConflictError without the menu.
    """
    menu = lock_menu(menu_pk)
    if menu.draft_of_id is not None:
        raise changed_meanwhile()
    found = Menu.objects.filter(draft_of=menu).first()
    if found is not None:
        return found
    draft = Menu.objects.create(
        restaurant_id=menu.restaurant_id,
        name=menu.name,
        position=menu.position,
        is_active=False,
        draft_of=menu,
    )
    _copy_hours(menu, draft)
    live = list(menu.sections.all())
    sections = Section.objects.bulk_create(
        Section(
            menu=draft,
            name=one.name,
            description=one.description,
            position=one.position,
            draft_of=one,
        )
        for one in live
    )
    section_by_live = dict(zip([one.pk for one in live], sections, strict=True))
    _copy_items(Item.objects.filter(section__menu=menu), section_by_live)
    return draft


def _times_of(menu: Menu) -> list[tuple[int, time, time]]:
    return list(menu.hours.values_list("weekday", "opens_at", "closes_at"))


def _copy_hours(source: Menu, target: Menu) -> None:
    MenuHours.objects.bulk_create(
        MenuHours(
            menu=target,
            weekday=hours.weekday,
            opens_at=hours.opens_at,
            closes_at=hours.closes_at,
        )
        for hours in source.hours.all()
    )


def _copy_items(items: Iterable[Item], section_by_live: dict[int, Section]) -> None:
    live = list(items)
    groups = _groups_of(live)
    drafts = Item.objects.bulk_create(
        Item(
            **{name: getattr(item, name) for name in DRAFTED_FIELDS},
            restaurant_id=item.restaurant_id,
            section=section_by_live[item.section_id],
            position=item.position,
            is_draft=True,
            draft_of=item,
            source_id=_origin(item, groups.get(item.pk, [])),
        )
        for item in live
    )
    ItemModifierGroup.objects.bulk_create(
        ItemModifierGroup(item=draft, group_id=group, position=place)
        for draft in drafts
        for place, group in groups.get(draft.draft_of_id or 0, [])
    )


def _groups_of(items: Iterable[Item]) -> dict[int, GroupList]:
    groups: dict[int, GroupList] = {}
    rows = ItemModifierGroup.objects.filter(item__in=list(items))
    for item, place, group in rows.values_list("item", "position", "group"):
        groups.setdefault(item, []).append((place, group))
    return groups


def _origin(item: Item, groups: GroupList) -> str:
    """Return where a draft's item comes from: the live one as it is now."""
    values = [str(getattr(item, name)) for name in DRAFTED_FIELDS]
    values += [str([group for _place, group in groups])]
    return (
        f"draft of {item.pk}: {hashlib.sha256(repr(values).encode()).hexdigest()[:32]}"
    )


class _Comparer:
    """The rows of a menu and its draft, paired."""

    def __init__(self, draft: Menu, live: list[Item], drafted: list[Item]) -> None:
        self.live = {item.pk: item for item in live}
        self.drafted = drafted
        self.groups = _groups_of([*live, *drafted])
        # The pair's live item may stand in another menu by now.
        strays = {item.draft_of_id for item in drafted} - {None, *self.live}
        if strays:
            self.live.update(Item.objects.in_bulk([pk for pk in strays if pk]))
        self.pairs = [
            (item, self.live[item.draft_of_id])
            for item in drafted
            if item.draft_of_id is not None
        ]
        kept = {one.pk for _draft, one in self.pairs}
        missing = [item for item in live if item.pk not in kept]
        # What the draft never had came to the live menu after it was begun.
        taken_out = {row["item"] for mark in _marks_of(draft) for row in mark.rows}
        self.newer = [item for item in missing if item.pk not in taken_out]
        self.removed = [item for item in missing if item.pk in taken_out]

    def compare(self) -> DraftComparison:
        result = DraftComparison(
            added=[item.name for item in self.drafted if item.draft_of_id is None],
            removed=[item.name for item in self.removed if item.is_active],
            kept=[item.name for item in self.newer],
        )
        # Deleted from the live menu meanwhile.
        result.conflicts += [
            item.name
            for item in self.drafted
            if item.draft_of_id is None and item.source_id.startswith(ORIGIN)
        ]
        for draft, live in self.pairs:
            if not self.is_same(draft, live):
                result.changed.append(
                    ItemDifference(draft.name, live.price, draft.price)
                )
                now = _origin(live, self.groups.get(live.pk, []))
                if draft.source_id != now:
                    result.conflicts.append(live.name)
        return result

    def is_same(self, draft: Item, live: Item) -> bool:
        groups = self.groups
        return all(
            getattr(draft, name) == getattr(live, name) for name in DRAFTED_FIELDS
        ) and groups.get(draft.pk, []) == groups.get(live.pk, [])


def _marks_of(draft: Menu) -> QuerySet[MenuChange]:
    """Return what delete_item has noted of a draft."""
    return MenuChange.objects.filter(
        restaurant=draft.restaurant_id,
        summary=DRAFT_MARK,
        rows__contains=[{"draft": draft.pk}],
    )


def compare_draft(*, draft: Menu) -> DraftComparison:
    """Return what publishing a draft would change, and what has changed meanwhile."""
    items = Item.objects.order_by("section__position", "section", "position", "pk")
    return _Comparer(
        draft,
        list(items.filter(section__menu=draft.draft_of_id)),
        list(items.filter(section__menu=draft)),
    ).compare()


@transaction.atomic
def publish_draft(*, menu_pk: int, is_sure: bool = False) -> None:
    """Make a menu what its draft is, and end the draft.

    Live items keep who they are, and what sales say of them: sold out, portions left.
    Those the draft has no more are hidden, those added since it was begun stay.
    DraftConflictError, unless it is sure, when what the draft changes was changed on
    the live menu, too; EditConflictError when there is no draft, or a code is taken.
    """
    menu, draft = _lock_pair(menu_pk)
    live = lock_items(Item.objects.filter(section__menu=menu))
    drafted = lock_items(Item.objects.filter(section__menu=draft))
    rows = _Comparer(draft, live, drafted)
    conflicts = rows.compare().conflicts
    if conflicts and not is_sure:
        raise DraftConflictError(
            _("These were changed on the live menu meanwhile: %(names)s.")
            % {"names": ", ".join(conflicts)}
        )
    photos = [item.photo.name or "" for item in [*rows.live.values(), *drafted]]
    hidden = [item.pk for item in rows.removed]
    Item.objects.filter(pk__in=hidden).update(is_active=False)
    _check_codes(rows, hidden)
    section_by_draft = _publish_sections(menu, draft)
    _publish_items(rows, section_by_draft)
    Menu.objects.filter(pk=menu.pk).update(name=draft.name)
    if _times_of(menu) != _times_of(draft):
        menu.hours.all().delete()
        _copy_hours(draft, menu)
    _marks_of(draft).delete()
    draft.delete()
    _drop_empty_sections(menu, section_by_draft)
    drop_photos(photos, restaurant_pk=menu.restaurant_id)
    refresh_dishes(restaurant_pk=menu.restaurant_id)


def _lock_pair(menu_pk: int) -> tuple[Menu, Menu]:
    menu = lock_menu(menu_pk)
    found = Menu.objects.select_for_update().filter(draft_of=menu).first()
    if found is None:
        raise EditConflictError(_("There is no draft of this menu any more."))
    return menu, found


def _check_codes(rows: _Comparer, hidden: list[int]) -> None:
    codes = [item.code for item in rows.drafted if item.code]
    ours = [live.pk for _draft, live in rows.pairs]
    # Codes may change places, so all that change are free for a moment.
    Item.objects.filter(pk__in=[*hidden, *ours], code__in=codes).update(code="")
    others = Item.objects.filter(
        restaurant=rows.drafted[0].restaurant_id if rows.drafted else None,
        is_draft=False,
        code__in=codes,
    ).exclude(pk__in=ours)
    taken = {*others.values_list("code", flat=True)}
    taken |= {code for code in codes if codes.count(code) > 1}
    if taken:
        raise EditConflictError(
            _("Another item has the code “%(code)s”.") % {"code": min(taken)}
        )


def _publish_sections(menu: Menu, draft: Menu) -> dict[int, int]:
    """Return the live section's key by the draft's."""
    live = {section.pk: section for section in menu.sections.all()}
    keys: dict[int, int] = {}
    for section in draft.sections.all():
        target = live.get(section.draft_of_id or 0)
        if target is None:
            Section.objects.filter(pk=section.pk).update(menu=menu, draft_of=None)
            keys[section.pk] = section.pk
            continue
        target.name, target.description = section.name, section.description
        target.position = section.position
        target.save(update_fields=["name", "description", "position"])
        keys[section.pk] = target.pk
    return keys


def _publish_items(rows: _Comparer, section_by_draft: dict[int, int]) -> None:
    changed = []
    for draft, live in rows.pairs:
        for name in DRAFTED_FIELDS:
            setattr(live, name, getattr(draft, name))
        live.section_id = section_by_draft[draft.section_id]
        live.position = draft.position
        changed.append(live)
    # An item may come back from another menu.
    Item.objects.bulk_update(
        changed, [*DRAFTED_FIELDS, "section", "position"], batch_size=500
    )
    _publish_groups(rows)
    Item.objects.filter(pk__in=[draft.pk for draft, _live in rows.pairs]).delete()
    new = [item for item in rows.drafted if item.draft_of_id is None]
    for item in new:
        item.section_id = section_by_draft[item.section_id]
        item.is_draft = False
        item.source_id = ""
    Item.objects.bulk_update(new, ["section", "is_draft", "source_id"])


def _publish_groups(rows: _Comparer) -> None:
    different = [
        (live, rows.groups.get(draft.pk, []))
        for draft, live in rows.pairs
        if rows.groups.get(draft.pk, []) != rows.groups.get(live.pk, [])
    ]
    live = [one for one, _groups in different]
    ItemModifierGroup.objects.filter(item__in=live).delete()
    ItemModifierGroup.objects.bulk_create(
        ItemModifierGroup(item=one, group_id=group, position=place)
        for one, groups in different
        for place, group in groups
    )


def _drop_empty_sections(menu: Menu, section_by_draft: dict[int, int]) -> None:
    """Delete what the draft has no more; those with hidden items go to the end."""
    kept = set(section_by_draft.values())
    gone = Section.objects.filter(menu=menu).exclude(pk__in=kept)
    gone.filter(items=None).delete()
    behind = 1 + max(
        Section.objects.filter(pk__in=kept).values_list("position", flat=True),
        default=0,
    )
    gone.update(position=behind)


@transaction.atomic
def discard_draft(*, menu_pk: int) -> None:
    """Throw the draft of a live menu away; EditConflictError when there is none."""
    _menu, draft = _lock_pair(menu_pk)
    items = Item.objects.filter(section__menu=draft)
    photos = list(items.values_list("photo", flat=True))
    drop_photos(photos, restaurant_pk=draft.restaurant_id)
    _marks_of(draft).delete()
    draft.delete()
