from dataclasses import asdict

import pytest
from django.test import Client

from customers.places import SESSION_KEY as PLACE_KEY
from customers.tests.conftest import limits  # noqa: F401 (a fixture here, too)
from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory
from orders.tests.factories import MISSION, fill_cart


@pytest.fixture
def ada(db):
    return UserFactory()


@pytest.fixture
def margherita(db):
    return ItemFactory()


@pytest.fixture
def diner(client, ada, margherita) -> Client:
    """Return Ada signed in, with a place and a margherita in the cart."""
    client.force_login(ada)
    session = client.session
    session[PLACE_KEY] = asdict(MISSION)
    session.save()
    fill_cart(ada, margherita)
    return client
