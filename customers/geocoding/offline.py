"""Place names and United States postal codes, from files; nothing leaves the machine.

City data: GeoNames (geonames.org), CC BY 4.0, cities of 15,000 people and more.
"""

import gzip
import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import zipcodes
from babel import Locale

from customers.geocoding.base import Place

CITIES_FILE = Path(__file__).parent / "data" / "cities.tsv.gz"
NEIGHBOURHOODS_FILE = Path(__file__).parent / "data" / "neighbourhoods.tsv"
POSTAL_CODE = re.compile(r"(?<!\d)(\d{5})(?:-\d{4})?(?!\d)")
POSTAL_CODE_START = re.compile(r"\d{2,5}")
MAX_TOKENS = 12
# What people add to an address or call a country by, beside its own name.
COUNTRY_NAMES = {"US": "usa america", "GB": "uk england scotland wales britain"}


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    weight: int
    place: Place
    context: tuple[str, ...]


def fold(text: str) -> str:
    """Reduce text to lower-case words without accents or punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss").casefold())
    kept = (
        character if character.isalnum() else " "
        for character in decomposed
        if not unicodedata.combining(character)
    )
    return " ".join("".join(kept).split())


class OfflineGeocoder:
    def search(self, text: str, *, limit: int) -> list[Place]:
        """Find places by a name's beginning or a postal code, best first."""
        text = text[:200]
        by_code = self._search_postal_codes(text, limit=limit)
        if by_code:
            return by_code
        for part in self._readings(text):
            entries = self._search_names(fold(part).split()[:MAX_TOKENS])
            if entries:
                return _best_first(entries, exact=fold(part), limit=limit)
        return []

    def list_around(
        self, *, latitude: float, longitude: float, limit: int
    ) -> list[Place]:
        """List known places, nearest first; neighbourhoods before their city."""
        shrink = math.cos(math.radians(latitude))

        def square(place: Place) -> float:
            east = abs(place.longitude - longitude)
            east = min(east, 360 - east) * shrink
            return (place.latitude - latitude) ** 2 + east**2

        return sorted(self._places, key=square)[:limit]

    @staticmethod
    def _readings(text: str) -> Iterator[str]:
        """Give the whole text, then what follows each comma: "street, city"."""
        parts = text.split(",")
        for start in range(len(parts)):
            yield " ".join(parts[start:])
        yield from parts[1:-1]

    def _search_postal_codes(self, text: str, *, limit: int) -> list[Place]:
        if codes := POSTAL_CODE.findall(text):
            # The last number: a house may have five digits too.
            found = _postal_codes_like(codes[-1])
        elif POSTAL_CODE_START.fullmatch(text.strip()):
            found = _postal_codes_like(text.strip())
        else:
            return []
        located = (entry for entry in found if entry["lat"] and entry["long"])
        return [_postal_place(entry) for entry in islice(located, limit)]

    def _search_names(self, words: list[str]) -> list[Entry]:
        """Match the longest name; words after it must fit its state or country."""
        for length in range(len(words), 0, -1):
            name, context = " ".join(words[:length]), words[length:]
            # Only what is still being typed, the last word, may be incomplete.
            entries = [
                entry
                for entry in self._starting_with(name)
                if (not context or entry.key == name) and _fits(entry, context)
            ]
            if entries:
                return entries
        return []

    def _starting_with(self, name: str) -> Iterator[Entry]:
        entries = self._entries
        for position in range(bisect_left(self._keys, name), len(entries)):
            if not entries[position].key.startswith(name):
                return
            yield entries[position]

    @cached_property
    def _entries(self) -> list[Entry]:
        entries = [*_read_cities(), *_read_neighbourhoods()]
        return sorted(entries, key=lambda entry: entry.key)

    @cached_property
    def _keys(self) -> list[str]:
        return [entry.key for entry in self._entries]

    @cached_property
    def _places(self) -> list[Place]:
        return list(dict.fromkeys(entry.place for entry in self._entries))


def _fits(entry: Entry, context: list[str]) -> bool:
    return all(
        any(word.startswith(typed) for word in entry.context) for typed in context
    )


def _best_first(entries: list[Entry], *, exact: str, limit: int) -> list[Place]:
    ranked = sorted(entries, key=lambda entry: (entry.key != exact, -entry.weight))
    # One place has several names, and some names occur twice in one country.
    by_label: dict[str, Place] = {}
    for entry in ranked:
        by_label.setdefault(entry.place.label, entry.place)
        if len(by_label) == limit:
            break
    return list(by_label.values())


def _postal_codes_like(start: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = zipcodes.similar_to(start)  # type: ignore[no-untyped-call]
    return found


def _postal_place(entry: dict[str, str]) -> Place:
    return Place(
        label=f"{entry['zip_code']} {entry['city']}, {entry['state']}",
        latitude=float(entry["lat"]),
        longitude=float(entry["long"]),
        locality=entry["city"],
        postal_code=entry["zip_code"],
        country=entry["country"],
    )


def _read_cities() -> Iterator[Entry]:
    countries = Locale("en").territories
    with gzip.open(CITIES_FILE, "rt", encoding="utf-8") as lines:
        for line in lines:
            name, state, country, latitude, longitude, thousands, others = line.rstrip(
                "\n"
            ).split("\t")
            country_name = countries.get(country, country)
            place = Place(
                label=f"{name}, {state or country_name}",
                latitude=float(latitude),
                longitude=float(longitude),
                locality=name,
                country=country,
            )
            aliases = COUNTRY_NAMES.get(country, "")
            context = fold(f"{state} {country} {country_name} {aliases}")
            yield Entry(fold(name), int(thousands), place, tuple(context.split()))
            # A name in another language counts, but behind a place really so called.
            for other in filter(None, others.split("|")):
                weight = int(thousands) // 20
                yield Entry(fold(other), weight, place, tuple(context.split()))


def _read_neighbourhoods() -> Iterator[Entry]:
    with NEIGHBOURHOODS_FILE.open(encoding="utf-8") as lines:
        for line in lines:
            names, city, state, country, latitude, longitude = line.rstrip("\n").split(
                "\t"
            )
            name, *others = names.split("|")
            place = Place(
                label=f"{name}, {city}",
                latitude=float(latitude),
                longitude=float(longitude),
                locality=city,
                country=country,
            )
            context = tuple(fold(f"{city} {state} {country}").split())
            for each in (name, *others):
                yield Entry(fold(each), 0, place, context)
