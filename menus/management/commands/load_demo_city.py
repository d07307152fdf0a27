# ruff: noqa: PLR2004 -- the counts below only vary made-up data.
import tomllib
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from customers.models import Address, User
from menus.models import (
    Item,
    ItemModifierGroup,
    Menu,
    Modifier,
    ModifierGroup,
    Section,
)
from restaurants.geo import to_plane
from restaurants.models import Cuisine, Membership, OpeningHours, Region, Restaurant
from restaurants.services import refresh_open_spans, refresh_search_document

CITY = Path(__file__).resolve().parents[2] / "demo" / "san_francisco.toml"
PASSWORD = "tiffin-demo-2026"  # noqa: S105 (printed for whoever tries the demo)
DAY = [(time(11), time(14, 30)), (time(17), time(22))]
LATE = [(time(11), time(23))]
ALWAYS = [(time(0), time(0))]


class Command(BaseCommand):
    help = "Load a made-up city with restaurants and accounts, once."

    def handle(self, *args: Any, **options: Any) -> None:
        if Restaurant.objects.filter(source="demo").exists():
            self.stdout.write("The demo city is already here.")
            return
        with transaction.atomic():
            restaurants = _load_restaurants()
            _load_people(restaurants)
        self.stdout.write(
            f"{len(restaurants)} restaurants. Sign in with password {PASSWORD}: "
            "customer@tiffin.example, owner@tiffin.example, operator@tiffin.example"
        )


def _load_restaurants() -> list[Restaurant]:
    city = tomllib.loads(CITY.read_text(encoding="utf-8"))
    region, _ = Region.objects.get_or_create(
        code="san-francisco", defaults={"name": "San Francisco"}
    )
    loaded: list[Restaurant] = []
    for entry in city["cuisine"]:
        slug = slugify(entry["name"])
        cuisine, _ = Cuisine.objects.get_or_create(
            slug=slug, defaults={"name": entry["name"]}
        )
        for rank, name in enumerate(entry["restaurants"]):
            number = len(loaded)
            # Seven is prime to the count of places, so a cuisine spreads over town.
            place = city["places"][number * 7 % len(city["places"])]
            street, postal_code, latitude, longitude = place.split("|")
            shift = number // len(city["places"]) * 0.0009
            at = (float(latitude) + shift, float(longitude) + shift)
            restaurant = Restaurant.objects.create(
                region=region,
                name=name,
                slug=slugify(name),
                status=Restaurant.Status.LIVE,
                description=f"{entry['name']} cooking on {street}.",
                drawing=f"img/cuisines/{slug}.svg",
                phone=f"+1415555{100 + number:04d}",
                street_address=f"{200 + number * 37} {street}",
                locality="San Francisco",
                postal_code=postal_code,
                country="US",
                latitude=at[0],
                longitude=at[1],
                location=to_plane(*at),
                time_zone="America/Los_Angeles",
                offers_delivery=number % 13 != 12,
                delivery_fee=Decimal(number % 4) * Decimal("1.49"),
                minimum_order=Decimal(number % 3 * 5),
                tax_rate=Decimal("8.625"),
                preparation_minutes=10 + number % 6 * 5,
                source="demo",
                source_id=slugify(name),
            )
            restaurant.cuisines.add(cuisine)
            _load_hours(restaurant, rank)
            _load_menu(restaurant, entry["dishes"], number)
            loaded.append(restaurant)
    refresh_open_spans(restaurant_pks=[restaurant.pk for restaurant in loaded])
    return loaded


def _load_hours(restaurant: Restaurant, rank: int) -> None:
    rows = []
    for weekday in range(7):
        # The first two of each cuisine never close: somebody can always order.
        spans = ALWAYS if rank < 2 else LATE if rank == 2 else DAY
        if rank == 3 and weekday in (4, 5):
            spans = [(time(11), time(2))]
        if rank == 4 and weekday == 0:
            continue
        rows += [
            OpeningHours(
                restaurant=restaurant, weekday=weekday, opens_at=start, closes_at=end
            )
            for start, end in spans
        ]
    OpeningHours.objects.bulk_create(rows)


def _load_menu(restaurant: Restaurant, dishes: list[str], number: int) -> None:
    menu = Menu.objects.create(restaurant=restaurant, name="Menu")
    titles = ("To start", "Mains", "To finish")
    sections = [
        Section.objects.create(menu=menu, name=title, position=position)
        for position, title in enumerate(titles)
    ]
    extras = ModifierGroup.objects.create(
        restaurant=restaurant, name="Make it yours", max_choices=2
    )
    Modifier.objects.bulk_create(
        Modifier(group=extras, name=name, price_difference=Decimal(price), position=n)
        for n, (name, price) in enumerate(
            [("Large portion", "4.00"), ("Extra sauce", "0.75"), ("No onion", "0")]
        )
    )
    items = []
    for position, dish in enumerate(dishes):
        name, description, price, diets, allergens = dish.split("|")
        section = 0 if position < 2 else 2 if position == len(dishes) - 1 else 1
        items.append(
            Item(
                restaurant=restaurant,
                section=sections[section],
                name=name,
                description=description,
                price=Decimal(price) + Decimal((number + position) % 5) / 4,
                diets=diets.split(),
                allergens=allergens.split(),
                position=position,
                portions_left=6 if position == 5 and number % 4 == 0 else None,
                sold_out_until=timezone.now() + timedelta(days=1)
                if position == 3 and number % 6 == 0
                else None,
            )
        )
    Item.objects.bulk_create(items)
    ItemModifierGroup.objects.bulk_create(
        ItemModifierGroup(item=item, group=extras) for item in items[2:-1]
    )
    refresh_search_document(
        restaurant_pk=restaurant.pk, dish_names=[item.name for item in items]
    )


def _load_people(restaurants: list[Restaurant]) -> None:
    zone = "America/Los_Angeles"
    people = {
        email: User.objects.filter(email=email).first()
        or User.objects.create_user(
            email, PASSWORD, name=name, phone=phone, time_zone=zone
        )
        for email, name, phone in [
            ("customer@tiffin.example", "Ines Calder", "+14155550191"),
            ("owner@tiffin.example", "Teo Marsh", "+14155550192"),
        ]
    }
    if not User.objects.filter(email="operator@tiffin.example").exists():
        User.objects.create_superuser(
            "operator@tiffin.example", PASSWORD, name="Operator", time_zone=zone
        )
    Membership.objects.bulk_create(
        Membership(
            restaurant=restaurant,
            user=people["owner@tiffin.example"],
            role=Membership.Role.OWNER,
        )
        for restaurant in restaurants[:2]
    )
    Address.objects.get_or_create(
        user=people["customer@tiffin.example"],
        label="Home",
        defaults={
            "street_address": "3180 18th St",
            "locality": "San Francisco",
            "postal_code": "94110",
            "country": "US",
            "latitude": Decimal("37.761800"),
            "longitude": Decimal("-122.415600"),
            "is_chosen": True,
        },
    )
