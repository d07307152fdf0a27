"""A whole menu as a table: what its columns mean, and how it is exported.

The columns are fields of a django-import-export resource over `Line`, one row of the
table as plain values. What an import does with lines is in table_import.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import Resource
from import_export.widgets import Widget

from menus.exceptions import PriceFormatError
from menus.models import Allergen, Diet, Item, Modifier, ModifierGroup
from menus.pricing import parse_price, price_places
from menus.services.outcomes import RowError
from menus.services.sheets import Cell, escape_text, unescape_text
from restaurants.models import Restaurant

ITEM, GROUP, MODIFIER = "item", "group", "modifier"
SMALL, LARGE = 32_767, 2_147_483_647
HIGHEST_RATE = 100
RATE_PLACES = 4
YES = {"yes", "y", "true", "1", "x"}
NO = {"no", "n", "false", "0"}
COLUMNS = [
    *("type", "menu", "section", "code", "name", "description", "price"),
    *("diets", "allergens", "tax_rate", "portions_left", "shown", "groups"),
    *("group", "min_choices", "max_choices", "position"),
]
# What rows of each type have; the other columns stay empty there.
COLUMNS_OF = {
    ITEM: {
        *("menu", "section", "code", "name", "description", "price", "diets"),
        *("allergens", "tax_rate", "portions_left", "shown", "groups", "position"),
    },
    GROUP: {"name", "min_choices", "max_choices"},
    MODIFIER: {"group", "name", "price", "diets", "allergens", "position"},
}


@dataclass
class Line:
    """A row of the table; `given` are the columns that the file had."""

    type: str = ITEM
    menu: str = ""
    section: str = ""
    code: str = ""
    name: str = ""
    description: str = ""
    price: Decimal | None = None
    diets: list[str] = field(default_factory=list)
    allergens: list[str] = field(default_factory=list)
    tax_rate: Decimal | None = None
    portions_left: int | None = None
    shown: bool | None = None
    groups: str = ""
    group: str = ""
    min_choices: int | None = None
    max_choices: int | None = None
    position: int | None = None
    given: frozenset[str] = frozenset()
    row: int | None = None


class TextWidget(Widget):  # type: ignore[misc]
    def __init__(self, longest: int) -> None:
        self.longest = longest

    def clean(self, value: Cell, row: Any = None, **kwargs: Any) -> str:
        text = to_text(value)
        if "\0" in text:
            raise ValueError(_("Remove the characters that cannot be shown."))
        if len(text) > self.longest:
            raise ValueError(
                _("Use at most %(count)d characters.") % {"count": self.longest}
            )
        return text

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return escape_text(str(value or ""))


class PriceWidget(Widget):  # type: ignore[misc]
    currency = ""

    def clean(self, value: Cell, row: Any = None, **kwargs: Any) -> Decimal | None:
        text = to_text(value).replace("−", "-")
        if not text:
            return None
        sign = -1 if text.startswith("-") else 1
        try:
            return sign * parse_price(text.removeprefix("-").lstrip("+"), self.currency)
        except PriceFormatError as error:
            raise ValueError(str(error.message)) from error

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return ""
        usual = value.quantize(Decimal(1).scaleb(-price_places(self.currency)))
        return usual if usual == value else value


class RateWidget(Widget):  # type: ignore[misc]
    def clean(self, value: Cell, row: Any = None, **kwargs: Any) -> Decimal | None:
        text = to_text(value).removesuffix("%").strip()
        if not text:
            return None
        try:
            rate = Decimal(text.replace(",", "."))
            is_right = 0 <= rate <= HIGHEST_RATE and rate == round(rate, RATE_PLACES)
        except InvalidOperation:
            is_right = False
            rate = Decimal(0)
        if not is_right:
            raise ValueError(
                _("Give a number from 0 to 100 with at most four decimals, like 8.875.")
            )
        return round(rate, RATE_PLACES)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return "" if value is None else value


class NumberWidget(Widget):  # type: ignore[misc]
    def __init__(self, most: int, least: int = 0) -> None:
        self.least, self.most = least, most

    def clean(self, value: Cell, row: Any = None, **kwargs: Any) -> int | None:
        text = to_text(value)
        if not text:
            return None
        # Longer ones are no counts, and slow to read.
        number = int(text) if text.isdecimal() and len(text) <= 12 else -1  # noqa: PLR2004
        if not self.least <= number <= self.most:
            raise ValueError(
                _("Give a whole number from %(least)d to %(most)d.")
                % {"least": self.least, "most": self.most}
            )
        return number

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return "" if value is None else value


class YesNoWidget(Widget):  # type: ignore[misc]
    def clean(self, value: Cell, row: Any = None, **kwargs: Any) -> bool | None:
        text = to_text(value).lower()
        if text and text not in YES | NO:
            raise ValueError(_("Write yes or no."))
        return text in YES if text else None

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else ("yes" if value else "no")


class ChoicesWidget(Widget):  # type: ignore[misc]
    """Several of a fixed list, by code or label."""

    def __init__(self, choices: type[TextChoices]) -> None:
        self.codes = list(choices.values)
        self.known = {code.replace("_", "-"): code for code in choices.values}
        self.known |= {code: code for code in choices.values}
        self.known |= {str(label).lower(): code for code, label in choices.choices}

    def clean(self, value: Cell, row: Any = None, **kwargs: Any) -> list[str]:
        wanted = to_text(value).replace(",", ";").split(";")
        found: set[str] = set()
        for text in filter(None, (part.strip() for part in wanted)):
            code = self.known.get(text.lower())
            if code is None:
                raise ValueError(
                    _("“%(text)s” is unknown. Known are: %(known)s.")
                    % {"text": text[:50], "known": ", ".join(self.codes)}
                )
            found.add(code)
        return [code for code in self.codes if code in found]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "; ".join(value or [])


class TypeWidget(Widget):  # type: ignore[misc]
    def clean(self, value: Cell, row: Any = None, **kwargs: Any) -> str:
        text = to_text(value).lower() or ITEM
        if text not in COLUMNS_OF:
            raise ValueError(_("Write item, group or modifier."))
        return text


def _column(name: str, widget: Widget) -> Field:
    return Field(attribute=name, column_name=name, widget=widget)


class LineResource(Resource):  # type: ignore[misc]
    """The columns of the table, in the order they are exported in."""

    type = _column("type", TypeWidget())
    menu = _column("menu", TextWidget(100))
    section = _column("section", TextWidget(100))
    code = _column("code", TextWidget(80))
    name = _column("name", TextWidget(150))
    description = _column("description", TextWidget(500))
    price = _column("price", PriceWidget())
    diets = _column("diets", ChoicesWidget(Diet))
    allergens = _column("allergens", ChoicesWidget(Allergen))
    tax_rate = _column("tax_rate", RateWidget())
    portions_left = _column("portions_left", NumberWidget(LARGE))
    shown = _column("shown", YesNoWidget())
    groups = _column("groups", TextWidget(5_000))
    group = _column("group", TextWidget(100))
    min_choices = _column("min_choices", NumberWidget(SMALL))
    max_choices = _column("max_choices", NumberWidget(SMALL, least=1))
    position = _column("position", NumberWidget(SMALL))

    class Meta:
        import_order = COLUMNS
        export_order = COLUMNS

    def __init__(self, currency: str) -> None:
        super().__init__()
        self.fields["price"].widget.currency = currency

    def read(self, row: int, cells: Mapping[str, Cell]) -> tuple[Line, list[RowError]]:
        """Return a row's values, and what is wrong with them, by column."""
        line = Line(given=frozenset(cells), row=row)
        try:
            self.import_instance(line, cells)
        except ValidationError as found:
            errors = [
                RowError(column, " ".join(messages))
                for column, messages in found.message_dict.items()
            ]
            return line, errors
        return line, []

    def say(self, line: Line, column: str) -> str:
        """Return a value of a line as the table has it, for people."""
        shown = self.fields[column].export(line)
        return unescape_text(shown) if isinstance(shown, str) else str(shown)


def to_text(value: Cell) -> str:
    """Return what a cell says; a whole number without the point that XLSX gives it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        # Spreadsheets calculate in binary: 0.1 + 0.2 is written as people meant it.
        text = f"{value:.9f}".rstrip("0").rstrip(".")
        return text if len(text) < 40 else repr(value)  # noqa: PLR2004
    return unescape_text(str(value).strip())


def export_table(*, restaurant: Restaurant, kind: str) -> bytes:
    """Return the whole menu as "csv" (UTF-8 with a mark for Excel) or "xlsx"."""
    dataset = LineResource(restaurant.currency).export(queryset=list_lines(restaurant))
    dataset.title = "Menu"
    if kind == "xlsx":
        return bytes(dataset.export("xlsx"))
    return str(dataset.export("csv")).encode("utf-8-sig")


def export_example(*, restaurant: Restaurant) -> bytes:
    """Return a small table that shows every column, as CSV."""
    lines = [
        Line(type=GROUP, name="Size", min_choices=1, max_choices=1),
        Line(type=MODIFIER, group="Size", name="Regular", price=Decimal("0.00")),
        Line(type=MODIFIER, group="Size", name="Large", price=Decimal("3.00")),
        Line(
            menu="Dinner",
            section="Pizza",
            code="P1",
            name="Margherita",
            description="Tomato, mozzarella, basil.",
            price=Decimal("12.50"),
            diets=[Diet.VEGETARIAN],
            allergens=[Allergen.GLUTEN, Allergen.MILK],
            shown=True,
            groups="Size",
            position=0,
        ),
        Line(
            menu="Dinner",
            section="Drinks",
            code="D1",
            name="Lemonade",
            price=Decimal("4.00"),
            tax_rate=Decimal("8.875"),
            portions_left=24,
            shown=True,
            position=1,
        ),
    ]
    dataset = LineResource(restaurant.currency).export(queryset=lines)
    return str(dataset.export("csv")).encode("utf-8-sig")


def list_lines(restaurant: Restaurant) -> list[Line]:
    """Return a restaurant's menu as lines: groups with their modifiers, then items."""
    groups = load_groups(restaurant)
    lines: list[Line] = []
    for group in groups:
        lines.append(group_line(group))
        lines += [modifier_line(one, group) for one in group.modifiers.all()]
    return [*lines, *(item_line(item) for item in load_items_of(restaurant))]


def load_groups(restaurant: Restaurant) -> list[ModifierGroup]:
    rows = ModifierGroup.objects.filter(restaurant=restaurant)
    return list(rows.order_by("name", "pk").prefetch_related("modifiers"))


def load_items_of(restaurant: Restaurant) -> list[Item]:
    """Return a restaurant's items, not drafts, with their groups, menu by menu."""
    return list(
        Item.objects.filter(restaurant=restaurant, is_draft=False)
        .select_related("section__menu")
        .prefetch_related("item_modifier_groups__group")
        .order_by(
            *("section__menu__position", "section__menu", "section__position"),
            *("section", "position", "pk"),
        )
    )


def group_line(group: ModifierGroup) -> Line:
    return Line(
        type=GROUP,
        name=group.name,
        min_choices=group.min_choices,
        max_choices=group.max_choices,
    )


def modifier_line(modifier: Modifier, group: ModifierGroup) -> Line:
    return Line(
        type=MODIFIER,
        group=group.name,
        name=modifier.name,
        price=modifier.price_difference,
        diets=_ordered(Diet, modifier.diets),
        allergens=_ordered(Allergen, modifier.allergens),
        position=modifier.position,
    )


def item_line(item: Item) -> Line:
    """Return an item as a line; load_items_of must have loaded it."""
    return Line(
        menu=item.section.menu.name,
        section=item.section.name,
        code=item.code,
        name=item.name,
        description=item.description,
        price=item.price,
        diets=_ordered(Diet, item.diets),
        allergens=_ordered(Allergen, item.allergens),
        tax_rate=item.tax_rate,
        portions_left=item.portions_left,
        shown=item.is_active,
        groups=join_names(link.group.name for link in item.item_modifier_groups.all()),
        position=item.position,
    )


def _ordered(choices: type[TextChoices], codes: list[str]) -> list[str]:
    return [code for code in choices.values if code in codes]


def join_names(names: Iterable[str]) -> str:
    return "; ".join(names)
