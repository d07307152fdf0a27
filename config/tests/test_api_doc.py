"""The commands of docs/api.md, as somebody types them."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from customers.tests.factories import PASSWORD
from delivery.tests.factories import own
from menus.tests.factories import ItemFactory
from orders.models import Order, Review

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_commands_of_the_guide_order_a_dinner(
    live_server: Any, tmp_path: Path
) -> None:
    guide = (settings.BASE_DIR / "docs/api.md").read_text(encoding="utf-8")
    commands = "".join(
        re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    )
    owner = own(ItemFactory.create(price=25).restaurant)

    answer = subprocess.run(  # noqa: S603 (our own guide)
        [shutil.which("bash") or "bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env={
            **os.environ,
            "BASE": live_server.url,
            "OWNER": owner.email,
            "PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
    said = answer.stdout.split()
    assert said[-4:] == ["out_for_delivery", "delivered", "delivered", "5"]
    assert "304" in said
    assert Review.objects.get().order == Order.objects.get()
