"""A TypeScript client, made from the schema by openapi-typescript, orders a dinner."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.tests import npm
from config.tests.clients.conftest import was_rated
from customers.models import User
from customers.tests.factories import PASSWORD
from orders.models import Order, Review

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SOURCE = Path(__file__).parent / "typescript"


@pytest.fixture(scope="module")
def journey(schema_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the client, and compile the journey with it, strictly."""
    packages = npm.install(SOURCE, "typescript") / "node_modules"
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("journey.ts", "tsconfig.json", "package.json"):
        shutil.copy(SOURCE / name, folder)
    (folder / "node_modules").symlink_to(packages)
    generator = packages / "openapi-typescript" / "bin" / "cli.js"
    run(folder, str(generator), str(schema_file), "-o", "schema.d.ts")
    run(folder, str(packages / "typescript" / "bin" / "tsc"))
    return folder / "journey.js"


def run(folder: Path, *arguments: str, **settings: str) -> str:
    answer = subprocess.run(  # noqa: S603 (our own argument list)
        [shutil.which("node") or "node", *arguments],
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_a_typescript_client_goes_from_sign_up_to_a_rated_order(
    journey: Path, live_server: Any, owner: User
) -> None:
    said = run(
        journey.parent,
        str(journey),
        BASE=live_server.url,
        OWNER=owner.email,
        PASSWORD=PASSWORD,
    )

    told = json.loads(said)
    assert was_rated(told)
    order = Order.objects.get()
    assert str(order.public_id) == told["placed"]
    assert int(order.total * 100) == told["total"]
    assert Review.objects.get().order == order
