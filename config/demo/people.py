"""The demo city's people. Their password is public: bin/run prints it."""

from decimal import Decimal
from functools import cache

from django.contrib.auth.hashers import make_password

from customers.models import Address, User
from restaurants.models import Membership, Restaurant
from restaurants.services.joining import ApplicationFields, apply_as_restaurant

PASSWORD = "tiffin-demo-2026"  # noqa: S105 (printed for whoever tries the demo)
TIME_ZONE = "America/Los_Angeles"
FIRST_OF_OWNER = 2
OWNERS = (
    ("owner", "Teo Marsh"),
    ("rosa", "Rosa Quintero"),
    ("wen", "Wen Hallam"),
    ("amara", "Amara Bekele"),
    ("jun", "Jun Okafor"),
    ("lena", "Lena Varga"),
    ("samir", "Samir Delacroix"),
    ("thu", "Thu Pemberton"),
)
CUSTOMERS = (
    ("customer", "Ines Calder"),
    ("bruno", "Bruno Aldous"),
    ("mei", "Mei Strand"),
    ("oskar", "Oskar Lindqvist"),
    ("priya", "Priya Holloway"),
    ("dele", "Dele Fairweather"),
    ("nora", "Nora Castellan"),
)
# Two who help run the first restaurant of owner@.
TEAM = (
    ("manager", "Noor Castelo", Membership.Role.MANAGER),
    ("staff", "Kit Arden", Membership.Role.STAFF),
)
# Somebody whose restaurant waits for the operator's approval.
APPLICATION = ApplicationFields(
    name="The Copper Ladle",
    legal_name="Copper Ladle Kitchens LLC",
    registration="HF-20417",
    phone="+14155550420",
    email="hello@copper-ladle.example",
    street_address="2490 3rd St",
    locality="San Francisco",
    postal_code="94107",
    country="US",
    latitude=37.7573,
    longitude=-122.3881,
    currency="USD",
    message="Soups and stews, from eleven in the morning until they are gone.",
)
HOMES = (
    (
        "Home",
        "3180 18th St",
        "94110",
        "37.761800",
        "-122.415600",
        "Blue door, ring twice.",
    ),
    (
        "Work",
        "560 Folsom St",
        "94105",
        "37.786400",
        "-122.397000",
        "Leave it at the desk.",
    ),
)


def email_of(name: str) -> str:
    return f"{name}@tiffin.example"


def load_people(restaurants: list[Restaurant]) -> list[User]:
    """Create owners and their teams, an applicant, customers and the operator.

    Returns the customers.
    """
    owners = [_create(name, full, 200 + n) for n, (name, full) in enumerate(OWNERS)]
    customers = [
        _create(name, full, 300 + n) for n, (name, full) in enumerate(CUSTOMERS)
    ]
    User.objects.create(
        email=email_of("operator"),
        password=_hashed_password(),
        name="Operator",
        time_zone=TIME_ZONE,
        is_staff=True,
        is_superuser=True,
    )
    Membership.objects.bulk_create(
        Membership(
            restaurant=restaurant,
            user=owners[_owner_number(number, len(owners))],
            role=Membership.Role.OWNER,
        )
        for number, restaurant in enumerate(restaurants)
    )
    for number, (name, full, role) in enumerate(TEAM):
        Membership.objects.create(
            restaurant=restaurants[FIRST_OF_OWNER],
            user=_create(name, full, 400 + number),
            role=role,
        )
    applicant = _create("applicant", "Vera Lind", 420)
    apply_as_restaurant(applicant=applicant, fields=APPLICATION)
    for number, home in enumerate(HOMES):
        _create_address(customers[0], *home, is_chosen=number == 0)
    return customers


def _owner_number(number: int, owners: int) -> int:
    # Whoever tries the portal gets three that never close; the others share the rest.
    return 0 if number in {FIRST_OF_OWNER, 4, 8} else 1 + number % (owners - 1)


def _create(name: str, full_name: str, number: int) -> User:
    return User.objects.create(
        email=email_of(name),
        password=_hashed_password(),
        name=full_name,
        phone=f"+1415555{number:04d}",
        time_zone=TIME_ZONE,
    )


@cache
def _hashed_password() -> str:
    # Slow to make, on purpose; one will do for all, since everybody knows it.
    return make_password(PASSWORD)


def _create_address(
    user: User,
    label: str,
    street: str,
    postal_code: str,
    latitude: str,
    longitude: str,
    instructions: str,
    *,
    is_chosen: bool,
) -> None:
    Address.objects.create(
        user=user,
        label=label,
        street_address=street,
        locality="San Francisco",
        postal_code=postal_code,
        country="US",
        latitude=Decimal(latitude),
        longitude=Decimal(longitude),
        delivery_instructions=instructions,
        is_chosen=is_chosen,
    )
