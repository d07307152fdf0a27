"""What programs send and are answered: strict about types, the same in every app."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.drainage import set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

UNKNOWN_FIELD = "There is no such field."
SMALLEST_UNIT = "In the smallest unit of the currency: cents for USD, yen for JPY."
# A hundred million of a currency with two decimal places.
LARGEST_AMOUNT = 10**10
# How many decimals currencies have that have not two (ISO 4217). Amounts are stored
# with two, so that a third is always 0, and refused when it is another.
USUAL_PLACES = 2
WITHOUT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"
OTHER_PLACES = {
    **dict.fromkeys(WITHOUT.split(), 0),
    **dict.fromkeys(WITH_THREE.split(), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
# How many faults of one list are told, and how many names that mean nothing.
MOST_FAULTS = MOST_UNKNOWN = 20


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


class Choosing(serializers.BooleanField):
    """In the address of a request: true or false, in these words."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false"):
            self.fail("invalid", input=data)
        return bool(data == "true")


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


class Listed(serializers.ListField):
    """A list of bounded length, for whatever is sent.

    How long it is, is looked at before what is in it; and of what is wrong in it the
    first few things are told. Finding them all is work that a stranger would choose.
    """

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)
        self.most = max_length

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        if len(data) > self.most:
            self.fail("max_length", max_length=self.most)
        return super().to_internal_value(data)

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        found: list[Any] = []
        faults: dict[Any, Any] = {}
        told = 0
        for index, one in enumerate(data):
            try:
                found.append(self.child.run_validation(one))
            except serializers.ValidationError as error:
                faults[index] = error.detail
                told += _count_faults(error.detail)
                if told >= MOST_FAULTS:
                    break
        if faults:
            raise serializers.ValidationError(faults)
        return found


def _count_faults(detail: Any) -> int:
    """Count what is wrong with one of a list, and with those of lists within."""
    if isinstance(detail, dict):
        return sum(_count_faults(inner) for inner in detail.values())
    if isinstance(detail, list):
        return sum(_count_faults(inner) for inner in detail)
    return 1


class Strict(serializers.Serializer[Any]):
    """Refuses what it does not know, lest a misspelt name is believed to be heard."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            said = serializers.ErrorDetail(UNKNOWN_FIELD, code="unknown_field")
            named = sorted(unknown)[:MOST_UNKNOWN]
            raise serializers.ValidationError({str(name): [said] for name in named})
        return super().to_internal_value(data)


class Amount(Number):
    """An amount: 64 bits, though those that are sent are bounded."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.max_value is None:
            set_override(self, "field", OpenApiTypes.INT64)


class Money(Strict):
    """An amount in the smallest unit of its currency: 1250 USD are $12.50."""

    amount = Amount(help_text=SMALLEST_UNIT)
    currency = Text(min_length=3, max_length=3, help_text="ISO 4217, in capitals.")


class MoneyInput(Money):
    """An amount that is sent, in the smallest unit of its currency; not below zero."""

    amount = Amount(min_value=0, max_value=LARGEST_AMOUNT, help_text=SMALLEST_UNIT)


def present_money(amount: Decimal, currency: str) -> dict[str, object]:
    """Return an amount as `Money` answers it."""
    return {"amount": minor_units(amount, currency), "currency": currency}


def minor_units(amount: Decimal, currency: str) -> int:
    """Return an amount in the smallest unit of its currency (ISO 4217)."""
    return int(amount.scaleb(_places(currency)).to_integral_value(ROUND_HALF_UP))


def major_units(amount: int, currency: str) -> Decimal:
    """Return an amount that was given in the smallest unit of its currency."""
    return Decimal(amount).scaleb(-_places(currency))


def _places(currency: str) -> int:
    """Return how many decimals a currency has (ISO 4217).

    Not what the CLDR says, by which people are shown prices: it knows which coins are
    no longer in use.
    """
    return OTHER_PLACES.get(currency, USUAL_PLACES)


def present_moment(moment: datetime | None) -> str | None:
    """Return a moment as RFC 3339 in UTC, to the second."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
