"""The demo city keeps away from a database that somebody uses."""

import pytest
from django.core.management import CommandError, call_command

from customers.models import User
from restaurants.tests.factories import RestaurantFactory


def test_the_city_never_joins_real_data(db):
    RestaurantFactory()

    with pytest.raises(CommandError):
        call_command("load_demo_city")

    assert not User.objects.filter(email="operator@tiffin.example").exists()
