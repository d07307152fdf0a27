"""What programs send and are answered: strict about types, the same in every app."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from drf_spectacular.drainage import set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

UNKNOWN_FIELD = "There is no such field."
# Amounts are stored with two decimal places.
STORED_PLACES = 2


class Text(serializers.CharField):
    """A string, and nothing that could be made one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Number(serializers.IntegerField):
    """An integer, and nothing that could be made one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """True or false, and nothing that could be made one."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Coordinate(serializers.FloatField):
    """A latitude or longitude in degrees: a number, and not text."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(min_value=-most, max_value=most, **kwargs)

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool | str):
            self.fail("invalid")
        try:
            return super().to_internal_value(data)
        except OverflowError:
            # An integer with hundreds of digits.
            self.fail("invalid")


class Code(serializers.CharField):
    """In an answer: one of a list of codes that may grow.

    Apps must take a code they do not know for a new one, so the schema names the codes
    without closing the list.
    """

    def __init__(self, choices: Iterable[Any], **kwargs: Any) -> None:
        self.codes = [str(getattr(code, "value", code)) for code in choices]
        super().__init__(read_only=True, **kwargs)
        listed = ", ".join(f"`{code}`" for code in self.codes)
        schema = {
            "type": "string",
            "description": f"One of {listed}; there may be new ones.",
            "x-extensible-enum": self.codes,
        }
        set_override(self, "field", schema)


class Strict(serializers.Serializer[Any]):
    """Refuses what it does not know, lest a misspelt name is believed to be heard."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            said = serializers.ErrorDetail(UNKNOWN_FIELD, code="unknown_field")
            raise serializers.ValidationError({str(n): [said] for n in sorted(unknown)})
        return super().to_internal_value(data)


class Money(Strict):
    """An amount in the smallest unit of its currency: 1250 USD are $12.50."""

    amount = Number(help_text="In the smallest unit of the currency: cents for USD.")
    currency = Text(min_length=3, max_length=3, help_text="ISO 4217, in capitals.")


def present_money(amount: Decimal, currency: str) -> dict[str, object]:
    """Return an amount as `Money` answers it."""
    return {"amount": minor_units(amount, currency), "currency": currency}


def minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount in the smallest unit of its currency (ISO 4217)."""
    return int(amount.scaleb(_places(currency)).to_integral_value())


def major_units(amount: int, currency: str) -> Decimal:
    """Return an amount that was given in the smallest unit of its currency."""
    return Decimal(amount).scaleb(-_places(currency))


def _places(currency: str) -> int:
    return min(int(get_currency_precision(currency)), STORED_PLACES)


def present_moment(moment: datetime | None) -> str | None:
    """Return a moment as RFC 3339 in UTC, to the second."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


@extend_schema_field(OpenApiTypes.UUID)
class PublicId(serializers.UUIDField):
    """An opaque id, as the answers give it out."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Page(Strict):
    """A page of a list; a kind of list adds its `results`."""

    next = serializers.CharField(
        allow_null=True,
        help_text="The cursor of the page after this one; null on the last.",
    )
