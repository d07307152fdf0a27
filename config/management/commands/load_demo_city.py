from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from config.demo.city import load_restaurants
from config.demo.past import load_past
from config.demo.people import PASSWORD, load_people
from customers.models import User
from restaurants.models import Restaurant


class Command(BaseCommand):
    help = (
        "Load a made-up city with restaurants, menus, people and past orders into an "
        "empty database. The people's password is public."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="do nothing, instead of failing, where there is data already",
        )

    def handle(self, *args: Any, if_empty: bool = False, **options: Any) -> None:
        if Restaurant.objects.exists() or User.objects.exists():
            if if_empty:
                self.stdout.write("There is data already; no demo city is loaded.")
                return
            # Its sign-ins are public, so it never joins real people's data.
            raise CommandError("The demo city goes into an empty database only.")
        with transaction.atomic():
            restaurants = load_restaurants()
            customers = load_people(restaurants)
            orders = load_past(restaurants, customers, timezone.now())
        self.stdout.write(
            f"The demo city has {len(restaurants)} restaurants and {orders} past "
            f"orders. Everybody's password is {PASSWORD}."
        )
