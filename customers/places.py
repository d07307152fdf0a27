"""The place a visitor wants food brought to; signed out, the session holds it."""

from dataclasses import asdict, dataclass

from django.http import HttpRequest

from customers.models import Address, User

SESSION_KEY = "chosen_place"
# How many places are offered to choose from: while typing, and around a point.
SUGGESTION_COUNT = 6
SURROUNDING_COUNT = 30


@dataclass(frozen=True, slots=True)
class ChosenPlace:
    """Where to deliver; WGS 84 degrees. A saved address has an address_pk."""

    label: str
    latitude: float
    longitude: float
    street_address: str = ""
    locality: str = ""
    postal_code: str = ""
    country: str = ""
    delivery_instructions: str = ""
    address_pk: int | None = None


def place_of_address(address: Address) -> ChosenPlace:
    return ChosenPlace(
        label=address.label or str(address),
        latitude=float(address.latitude),
        longitude=float(address.longitude),
        street_address=address.street_address,
        locality=address.locality,
        postal_code=address.postal_code,
        country=address.country,
        delivery_instructions=address.delivery_instructions,
        address_pk=address.pk,
    )


def get_chosen_place(request: HttpRequest) -> ChosenPlace | None:
    """Get the session's place, which is the newest wish, or the chosen address."""
    kept = request.session.get(SESSION_KEY)
    if kept is not None:
        try:
            return ChosenPlace(**kept)
        except TypeError:
            # Written by a release whose places had other fields.
            forget_place(request)
    if not isinstance(request.user, User):
        return None
    return get_usual_place(request.user)


def get_usual_place(user: User) -> ChosenPlace | None:
    """Get the address that a person chose for all their visits."""
    address = Address.objects.filter(user=user, is_chosen=True).first()
    return place_of_address(address) if address else None


def choose_place(request: HttpRequest, place: ChosenPlace) -> None:
    """Keep a place for this visit; it survives signing in."""
    request.session[SESSION_KEY] = asdict(place)


def forget_place(request: HttpRequest) -> None:
    """Drop the visit's place, so that the chosen address counts again."""
    request.session.pop(SESSION_KEY, None)
