"""What clients that were made from the schema are run against."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from customers.models import User
from delivery.tests.factories import own
from menus.tests.factories import ItemFactory, ModifierFactory, offer


@pytest.fixture(scope="session")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("schema") / "openapi.json"
    file.write_text(json.dumps(SchemaGenerator().get_schema(public=True)))
    return file


@pytest.fixture
def owner() -> User:
    """Open one restaurant in the Mission, with one dish that comes in a size."""
    item = ItemFactory.create(name="Margherita", price=Decimal(18))
    large = ModifierFactory.create(
        name="Large",
        price_difference=Decimal(4),
        group__restaurant=item.restaurant,
        group__min_choices=1,
        group__max_choices=1,
    )
    offer(item, large.group)
    return own(item.restaurant)


def was_rated(told: dict[str, Any]) -> bool:
    """Tell whether a journey ended as it must, by what the client saw."""
    order = told["placed"]
    return (
        told["again"] == order
        and told["status"] == "delivered"
        and told["rated"] == 5
        and told["listed"] == [[order, "delivered", 5]]
    )
