"""The demo city's people. Their password is public: bin/run prints it."""

from decimal import Decimal

from customers.models import Address, User
from restaurants.models import Membership, Restaurant

PASSWORD = "tiffin-demo-2026"  # noqa: S105 (printed for whoever tries the demo)
TIME_ZONE = "America/Los_Angeles"
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
    """Create owners, customers and the operator; return the customers."""
    owners = [_create(name, full, 200 + n) for n, (name, full) in enumerate(OWNERS)]
    customers = [
        _create(name, full, 300 + n) for n, (name, full) in enumerate(CUSTOMERS)
    ]
    User.objects.create_superuser(
        email_of("operator"), PASSWORD, name="Operator", time_zone=TIME_ZONE
    )
    Membership.objects.bulk_create(
        Membership(
            restaurant=restaurant,
            user=owners[_owner_number(number, len(owners))],
            role=Membership.Role.OWNER,
        )
        for number, restaurant in enumerate(restaurants)
    )
    for number, home in enumerate(HOMES):
        _create_address(customers[0], *home, is_chosen=number == 0)
    return customers


def _owner_number(number: int, owners: int) -> int:
    # Whoever tries the portal gets three that never close; the others share the rest.
    return 0 if number in {2, 4, 8} else 1 + number % (owners - 1)


def _create(name: str, full_name: str, number: int) -> User:
    return User.objects.create_user(
        email_of(name),
        PASSWORD,
        name=full_name,
        phone=f"+1415555{number:04d}",
        time_zone=TIME_ZONE,
    )


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
