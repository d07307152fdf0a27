import pytest

from customers.tests.factories import UserFactory
from menus.tests.factories import ItemFactory


@pytest.fixture
def ada(db):
    return UserFactory()


@pytest.fixture
def margherita(db):
    return ItemFactory()
