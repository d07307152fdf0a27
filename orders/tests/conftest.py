import pytest

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.ROOT_URLCONF = "orders.tests.urls"


@pytest.fixture
def ada(db):
    return UserFactory()


@pytest.fixture
def margherita(db):
    return ItemFactory()
