from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from customers.models import Address, User

PASSWORD = "correct-horse-battery"


class UserFactory(DjangoModelFactory[User]):
    email = factory.Sequence(lambda n: f"ada{n}@example.com")
    name = "Ada Diner"
    phone = "+14155550123"
    time_zone = "America/Los_Angeles"
    password = factory.django.Password(PASSWORD)

    class Meta:
        model = User


class AddressFactory(DjangoModelFactory[Address]):
    user = factory.SubFactory(UserFactory)
    street_address = "2100 Mission Street"
    locality = "San Francisco"
    postal_code = "94110"
    country = "US"
    latitude = Decimal("37.762900")
    longitude = Decimal("-122.419400")
    is_chosen = True

    class Meta:
        model = Address
