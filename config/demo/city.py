"""The demo city's restaurants: hand-written fiction over San Francisco's real streets.

The files beside this one hold a cuisine each. A dish is a line of its name,
description, price (with "x6" where six portions are left), diets, allergens and
modifier groups; a section is a line that starts with "#", with the hours of its menu
after an "@".
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    MenuHours,
    Modifier,
    ModifierGroup,
    Section,
)
from restaurants.geo import to_plane
from restaurants.models import Cuisine, OpeningHours, Region, Restaurant
from restaurants.services import refresh_open_spans, refresh_search_document

FOLDER = Path(__file__).parent / "san_francisco"
TIME_ZONE = "America/Los_Angeles"
TAX_RATE = Decimal("8.625")
# Where a street's numbers begin and how they go on: latitude and longitude of number 0,
# what a thousand numbers add to each, and the postal code.
STREETS = {
    "Valencia St": (37.7718, -122.4223, -0.0153, -0.0003, "94110"),
    "24th St": (37.7531, -122.4000, -0.0006, -0.0085, "94110"),
    "Mission St": (37.7930, -122.3960, -0.0148, -0.0068, "94110"),
    "Hayes St": (37.7775, -122.4160, -0.0010, -0.0164, "94102"),
    "Haight St": (37.7727, -122.4225, -0.0016, -0.0156, "94117"),
    "Divisadero St": (37.7690, -122.4365, 0.0135, -0.0022, "94117"),
    "Castro St": (37.7640, -122.4350, -0.0146, 0.0014, "94114"),
    "Church St": (37.7700, -122.4290, -0.0140, 0.0012, "94114"),
    "Columbus Ave": (37.7955, -122.4030, 0.0075, -0.0100, "94133"),
    "Grant Ave": (37.7870, -122.4050, 0.0100, -0.0018, "94108"),
    "Polk St": (37.7780, -122.4185, 0.0112, -0.0022, "94109"),
    "Geary St": (37.7878, -122.4045, -0.0013, -0.0153, "94102"),
    "Fillmore St": (37.7715, -122.4300, 0.0097, -0.0019, "94115"),
    "Chestnut St": (37.8035, -122.4115, -0.0013, -0.0123, "94123"),
    "Clement St": (37.7832, -122.4590, -0.0009, -0.0108, "94118"),
    "Irving St": (37.7643, -122.4580, -0.0004, -0.0107, "94122"),
    "Noriega St": (37.7548, -122.4600, -0.0005, -0.0107, "94122"),
    "Folsom St": (37.7905, -122.3905, -0.0155, -0.0115, "94103"),
    "18th St": (37.7627, -122.3890, -0.0003, -0.0093, "94107"),
    "Ocean Ave": (37.7233, -122.4420, 0.0010, -0.0145, "94112"),
}
DAYS = range(7)
FRIDAY, SATURDAY = 4, 5
HOURS = {
    "always": ("00:00-00:00",),
    "breakfast": ("07:00-15:00",),
    "lunch": ("10:30-16:00",),
    "day": ("11:00-14:30", "17:00-22:00"),
    "dinner": ("17:00-23:00",),
    "late": ("11:00-23:30",),
    "night": ("16:00-00:00",),
}
NIGHTS = ("16:00-02:00",)
DIETS = {
    "v": "vegetarian",
    "vg": "vegan",
    "gf": "gluten_free",
    "h": "halal",
    "s": "spicy",
}
ALLERGENS = {
    "g": "gluten",
    "c": "crustaceans",
    "e": "eggs",
    "f": "fish",
    "p": "peanuts",
    "y": "soybeans",
    "m": "milk",
    "n": "nuts",
    "ce": "celery",
    "mu": "mustard",
    "s": "sesame",
    "su": "sulphites",
    "mo": "molluscs",
}
# Every ninth dish is sold out for a while, so that this can be seen.
SOLD_OUT_EVERY = 9


def load_restaurants() -> list[Restaurant]:
    """Create every restaurant of the city with its hours and its menu."""
    region, _ = Region.objects.get_or_create(
        code="san-francisco", defaults={"name": "San Francisco"}
    )
    loaded: list[Restaurant] = []
    for file in sorted(FOLDER.glob("*.toml")):
        city = tomllib.loads(file.read_text(encoding="utf-8"))
        cuisine, _ = Cuisine.objects.get_or_create(
            slug=slugify(city["cuisine"]), defaults={"name": city["cuisine"]}
        )
        for entry in city["restaurant"]:
            restaurant = _create(entry, region, city["drawing"], len(loaded))
            restaurant.cuisines.add(cuisine)
            _create_hours(restaurant, entry)
            _Menu(restaurant, city["groups"]).load(entry["menu"])
            loaded.append(restaurant)
    refresh_open_spans(restaurant_pks=[restaurant.pk for restaurant in loaded])
    return loaded


def place_of(address: str) -> tuple[float, float, str]:
    """Return latitude, longitude and postal code of a street and number."""
    street, _, number = address.rpartition(" ")
    latitude, longitude, north, east, postal_code = STREETS[street]
    thousands = int(number) / 1000
    return (
        round(latitude + north * thousands, 5),
        round(longitude + east * thousands, 5),
        postal_code,
    )


def _create(
    entry: dict[str, Any], region: Region, drawing: str, number: int
) -> Restaurant:
    latitude, longitude, postal_code = place_of(entry["at"])
    street, _, house = entry["at"].rpartition(" ")
    slug = slugify(entry["name"])
    radius = {}
    if "radius_km" in entry:
        radius = {"delivery_radius": entry["radius_km"] * 1000.0}
    return Restaurant.objects.create(
        region=region,
        name=entry["name"],
        slug=slug,
        status=Restaurant.Status.LIVE,
        description=entry["about"],
        drawing=f"img/cuisines/{drawing}.svg",
        phone=f"+1415555{100 + number:04d}",
        street_address=f"{house} {street}",
        locality="San Francisco",
        postal_code=postal_code,
        country="US",
        latitude=latitude,
        longitude=longitude,
        location=to_plane(latitude, longitude),
        time_zone=TIME_ZONE,
        delivery_fee=Decimal(entry["fee"]),
        minimum_order=Decimal(entry["minimum"]),
        tax_rate=TAX_RATE,
        preparation_minutes=entry["prep"],
        # Whoever tries the demo orders without opening a board first.
        expects_board=False,
        source="demo",
        source_id=slug,
        **radius,
    )


def _create_hours(restaurant: Restaurant, entry: dict[str, Any]) -> None:
    kind = entry["hours"]
    OpeningHours.objects.bulk_create(
        OpeningHours(
            restaurant=restaurant, weekday=day, opens_at=opens, closes_at=closes
        )
        for day in DAYS
        if day not in entry.get("closed", [])
        for opens, closes in map(_span, _spans(kind, day))
    )


def _spans(kind: str, day: int) -> tuple[str, ...]:
    return NIGHTS if kind == "night" and day in {FRIDAY, SATURDAY} else HOURS[kind]


def _span(text: str) -> tuple[time, time]:
    opens, closes = text.split("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def _codes(text: str, words: dict[str, str]) -> list[str]:
    return [words[code] for code in text.split()]


@dataclass
class _Menu:
    restaurant: Restaurant
    group_lines: str

    def load(self, text: str) -> None:
        groups = self._create_groups(text)
        names = []
        for position, (title, hours, dishes) in enumerate(_sections(text)):
            menu = self._menu(hours)
            section = Section.objects.create(menu=menu, name=title, position=position)
            for number, dish in enumerate(dishes):
                item = self._create_item(section, number, dish, groups)
                names.append(item.name)
        refresh_search_document(restaurant_pk=self.restaurant.pk, dish_names=names)

    def _menu(self, hours: str) -> Menu:
        """Return a section's menu: the one that is always there, or one of hours."""
        menu, is_new = Menu.objects.get_or_create(
            restaurant=self.restaurant,
            name="Morning" if hours else "Menu",
            defaults={"position": 0 if hours else 1},
        )
        if is_new and hours:
            opens, closes = _span(hours)
            MenuHours.objects.bulk_create(
                MenuHours(menu=menu, weekday=day, opens_at=opens, closes_at=closes)
                for day in DAYS
            )
        return menu

    def _create_groups(self, menu: str) -> dict[str, ModifierGroup]:
        """Create the groups that the menu's dishes ask for, and what those ask for."""
        lines = dict(_group_lines(self.group_lines))
        asked = {
            name
            for _title, _hours, dishes in _sections(menu)
            for dish in dishes
            for name in dish[5]
        }
        nested = {
            choice.rpartition(" >")[2]
            for name in asked
            for choice in lines[name][1]
            if " >" in choice
        }
        groups = {
            name: ModifierGroup.objects.create(
                restaurant=self.restaurant,
                name=name,
                min_choices=bounds[0],
                max_choices=bounds[1],
            )
            for name, (bounds, _choices) in lines.items()
            if name in asked | nested
        }
        for name, group in groups.items():
            for position, choice in enumerate(lines[name][1]):
                _create_modifier(group, position, choice, groups)
        return groups

    def _create_item(
        self,
        section: Section,
        position: int,
        dish: list[Any],
        groups: dict[str, ModifierGroup],
    ) -> Item:
        name, description, price, diets, allergens, asked = dish
        amount, _, portions = price.partition(" x")
        is_sold_out = (len(self.restaurant.slug) + position) % SOLD_OUT_EVERY == 0
        item = Item.objects.create(
            restaurant=self.restaurant,
            section=section,
            name=name,
            description=description,
            price=Decimal(amount),
            diets=_codes(diets, DIETS),
            allergens=_codes(allergens, ALLERGENS),
            position=position,
            portions_left=int(portions) if portions else None,
            sold_out_until=(
                timezone.now() + timedelta(hours=20)
                if is_sold_out and position
                else None
            ),
        )
        ItemModifierGroup.objects.bulk_create(
            ItemModifierGroup(item=item, group=groups[group], position=rank)
            for rank, group in enumerate(asked)
        )
        return item


def _create_modifier(
    group: ModifierGroup, position: int, text: str, groups: dict[str, ModifierGroup]
) -> None:
    """Create a modifier from "Make it a meal 6 >Side" or "Cheddar 1.50 [m]"."""
    text, _, asks = text.partition(" >")
    text, _, allergens = text.partition(" [")
    name, _, price = text.rpartition(" ")
    modifier = Modifier.objects.create(
        group=group,
        name=name,
        price_difference=Decimal(price),
        allergens=_codes(allergens.rstrip("]"), ALLERGENS),
        position=position,
    )
    if asks:
        modifier.nested_groups.add(groups[asks])


def _group_lines(text: str) -> Iterator[tuple[str, tuple[list[int], list[str]]]]:
    for line in filter(None, map(str.strip, text.splitlines())):
        name, bounds, choices = line.split(": ", 2)
        yield (
            name,
            ([int(it) for it in bounds.split("-")], choices.split(", ")),
        )


def _sections(text: str) -> Iterator[tuple[str, str, list[list[Any]]]]:
    """Yield each section's title, its menu's hours and its dishes."""
    for block in text.strip().removeprefix("# ").split("\n# "):
        heading, *lines = block.splitlines()
        title, _, hours = heading.partition(" @ ")
        yield title, hours, [_dish(line) for line in lines]


def _dish(line: str) -> list[Any]:
    parts = [part.strip() for part in line.split("|")]
    name, description, price, diets, allergens, *asked = parts
    groups = asked[0].split(", ") if asked and asked[0] else []
    return [name, description, price, diets, allergens, groups]
