"""A Python client, made from the schema by openapi-python-client, orders a dinner."""

import compileall
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from inspect import isclass
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

from config.tests.clients.conftest import was_rated
from customers.models import User
from customers.tests.factories import PASSWORD
from orders.models import Order, Review

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
NAME = "tiffin_client"
ACCOUNT = {"email": "ada@example.com", "password": "a fine dinner for two"}
PHONE = {"device_name": "Ada's phone"}
PLACE = {"latitude": 37.7629, "longitude": -122.4194}


class Made:
    """The client that was made: its operations and models by their names."""

    def __init__(self) -> None:
        package = importlib.import_module(NAME)
        self.client: Any = importlib.import_module(f"{NAME}.client")
        self.models: Any = importlib.import_module(f"{NAME}.models")
        self.operations = {
            name.rpartition(".")[2]: importlib.import_module(name)
            for _, name, is_package in pkgutil.walk_packages(
                package.__path__, f"{NAME}."
            )
            if not is_package
        }

    def ask(self, name: str, token: str, *path: str, **asked: Any) -> Any:
        """Call an operation; a dict as its `body` is made the model that it wants."""
        module = self.operations[name]
        client = (
            self.client.AuthenticatedClient(base_url=BASE["url"], token=token)
            if token
            else self.client.Client(base_url=BASE["url"])
        )
        if isinstance(asked.get("body"), dict):
            asked["body"] = model_of(module).from_dict(asked["body"])
        with client:
            answer = module.sync_detailed(*path, client=client, **asked)
        assert answer.status_code < 300, (name, answer.content)
        return answer.parsed


BASE: dict[str, str] = {}


def model_of(module: ModuleType) -> Any:
    """Return the model of an operation's body, as the client's own types say."""
    wanted = module.sync_detailed.__annotations__["body"]
    # A body that may be left out is of two types.
    return next(kind for kind in (wanted, *get_args(wanted)) if isclass(kind))


@pytest.fixture(scope="module")
def made(schema_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Make the client, without a word of what it could not make; compile, import."""
    folder = tmp_path_factory.mktemp("python")
    settings = folder / "settings.yaml"
    settings.write_text("post_hooks: []\n")
    answer = subprocess.run(  # noqa: S603 (our own argument list)
        [
            *(Path(sys.executable).with_name("openapi-python-client"), "generate"),
            *("--path", schema_file, "--output-path", folder / NAME),
            *("--meta", "none", "--config", settings, "--fail-on-warning"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert compileall.compile_dir(folder / NAME, quiet=1)
    sys.path.insert(0, str(folder))
    yield Made()
    sys.path.remove(str(folder))


def test_a_python_client_goes_from_sign_up_to_a_rated_order(
    made: Made, live_server: Any, owner: User
) -> None:
    BASE["url"] = live_server.url
    person = {"name": "Ada Diner", "phone": "+14155550123"}
    made.ask("sign_up", "", body={**ACCOUNT, **PHONE, **person})
    ada = made.ask("sign_in", "", body={**ACCOUNT, **PHONE}).access_token
    address_id = str(fill_cart(made, ada))

    first, second = order(made, ada, address_id)
    cook(made, owner, first.id)
    delivered = made.ask("get_order", ada, first.id)
    review = made.ask(
        "review_order", ada, first.id, body={"food_rating": 5, "delivery_rating": 4}
    )
    listed = made.ask("list_orders", ada).results

    assert was_rated(
        {
            "placed": first.id,
            "again": second.id,
            "status": delivered.status,
            "rated": review.food_rating,
            "listed": [[one.id, one.status, one.food_rating] for one in listed],
        }
    )
    assert Order.objects.get().public_id == first.id
    assert Review.objects.get().order.public_id == first.id


def fill_cart(made: Made, ada: str) -> Any:
    """Put the first dish of the first restaurant into the cart; answer the address."""
    address = made.ask(
        "add_address",
        ada,
        body={
            "street_address": "2100 Mission Street",
            "locality": "San Francisco",
            "country": "US",
            **PLACE,
        },
    )
    nearby = made.ask("list_restaurants", ada, **PLACE)
    restaurant = made.ask("get_restaurant", ada, nearby.results[0].id, **PLACE)
    menu = made.ask("get_menu", ada, restaurant.id)
    item = menu.menus[0].sections[0].items[0]
    modifiers = [{"id": str(g.modifiers[0].id)} for g in item.modifier_groups]
    made.ask(
        "replace_cart",
        ada,
        body={
            "restaurant_id": str(restaurant.id),
            "fulfilment": "delivery",
            "lines": [{"item_id": str(item.id), "quantity": 2, "modifiers": modifiers}],
        },
    )
    return address.id


def order(made: Made, ada: str, address_id: str) -> tuple[Any, Any]:
    """Place the order twice with one key."""
    wish = {"address_id": address_id, "tip_percent": 15}
    quote = made.ask("quote_cart", ada, body=wish)
    assert quote.can_order
    asked = {
        **wish,
        "fulfilment": "delivery",
        "expected_total": quote.total.to_dict(),
    }
    key = {"idempotency_key": "dinner-for-two"}
    return (
        made.ask("place_order", ada, body=dict(asked), **key),
        made.ask("place_order", ada, body=dict(asked), **key),
    )


def cook(made: Made, owner: User, order_id: Any) -> None:
    kitchen = made.ask(
        "sign_in",
        "",
        body={"email": owner.email, "password": PASSWORD, "device_name": "Kitchen"},
    ).access_token
    made.ask("accept_owner_order", kitchen, order_id, body={"minutes": 20})
    for step in ("mark_owner_order_ready", "send_owner_order_out"):
        made.ask(step, kitchen, order_id)
    made.ask("complete_owner_order", kitchen, order_id)
