"""Which public holidays to offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays
from babel import Locale
from django import forms
from django.utils.translation import get_language, gettext_lazy, to_locale
from django.utils.translation import gettext as _
from holidays.registry import COUNTRIES

from restaurants.models import Restaurant

ALPHA_2 = 2


@dataclass(frozen=True)
class PublicHoliday:
    date: date
    name: str


@cache
def holiday_countries() -> frozenset[str]:
    """Return the countries (ISO 3166, two letters) whose public holidays are known."""
    return frozenset(
        code for names in COUNTRIES.values() for code in names if len(code) == ALPHA_2
    )


class HolidaysForm(forms.Form):
    """The country, if the restaurant's is not known, and a part of it if wanted."""

    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)
    subdivision = forms.ChoiceField(label=gettext_lazy("State"), required=False)

    def __init__(self, asked: Mapping[str, str], restaurant: Restaurant) -> None:
        is_known = restaurant.country in holiday_countries()
        chosen = restaurant.country if is_known else asked.get("country", "")
        self.chosen = chosen if chosen in holiday_countries() else ""
        super().__init__({**asked, "country": self.chosen})
        names = Locale.parse(to_locale(get_language() or "en")).territories
        named = [(code, str(names.get(code, code))) for code in holiday_countries()]
        self.country_name = dict(named).get(self.chosen, "")
        if is_known:
            del self.fields["country"]
        else:
            country = self.fields["country"]
            assert isinstance(country, forms.ChoiceField)
            named.sort(key=lambda pair: pair[1])
            country.choices = [("", _("Choose a country")), *named]
        self._offer_parts()

    def _offer_parts(self) -> None:
        of_country = holidays.country_holidays(self.chosen) if self.chosen else None
        if of_country is None or not of_country.subdivisions:
            del self.fields["subdivision"]
            return
        aliases = of_country.subdivisions_aliases
        names = {code: name for name, code in aliases.items()}
        part = self.fields["subdivision"]
        assert isinstance(part, forms.ChoiceField)
        parts = [(code, names.get(code, code)) for code in of_country.subdivisions]
        parts.sort(key=lambda pair: pair[1])
        part.choices = [("", _("Only the whole country's")), *parts]

    def offered(self, since: date, until: date) -> list[PublicHoliday]:
        """Return the public holidays within [since, until], in order of date."""
        if not (self.chosen and self.is_valid()):
            return []
        days = holidays.country_holidays(
            self.chosen,
            subdiv=self.cleaned_data.get("subdivision") or None,
            years=range(since.year, until.year + 1),
            language=_language_of(self.chosen),
        )
        return [
            PublicHoliday(on, name)
            for on, name in sorted(days.items())
            if since <= on <= until
        ]


def _language_of(country: str) -> str | None:
    """Return the reader's language as the library calls it, None if it lacks it."""
    wanted = (get_language() or "en").split("-")[0]
    spoken = holidays.country_holidays(country).supported_languages
    return next((one for one in spoken if one.split("_")[0] == wanted), None)
