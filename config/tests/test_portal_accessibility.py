"""axe finds no serious fault on any page of the portal, in light and in dark."""

import random
from http import HTTPStatus
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page

from config.tests.conftest import session_of
from config.tests.test_portal_tenancy import (  # noqa: F401 (kitchen is a fixture)
    filled,
    keys_of,
    kitchen,
    portal_addresses,
)
from delivery.tests.factories import own
from restaurants.models import Restaurant

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
# Not pages: what another page fetches, downloads, and Django's own texts.
FRAGMENTS = {
    *("board-cards", "figures-csv", "orders-csv", "menu-export", "jsi18n", "search"),
    *("menu-import-example", "autocomplete", "app_list", "index", "login"),
}
# One form of the theme's is like the other; the change forms are looked at.
THEMES = ("_add", "_delete", "_history", "password_change", "password_change_done")
QUARTER = 0.25
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# What differs in the dark is contrast; the theme's own pages have the theme's.
SCHEMES: list[tuple[int, str, dict[str, Any]]] = [
    (768, "light", {}),
    (1280, "dark", CONTRAST),
]


def test_no_page_of_the_portal_has_a_serious_fault(
    browser: Browser,
    client: Client,
    live_server: Any,
    kitchen: Restaurant,  # noqa: F811
) -> None:
    owner = own(kitchen)
    client.force_login(owner)
    context = browser.new_context(viewport={"width": 768, "height": 1000})
    context.add_cookies(session_of(owner, live_server.url))
    context.add_init_script(Axe().axe_script)
    page = context.new_page()
    errors: list[str] = []
    page.on(
        "console",
        lambda said: errors.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    keys = keys_of(kitchen)
    faults = []
    looked_at = 0
    for name, path in portal_addresses():
        url = filled(name, path, keys)
        # A quarter of the theme's lists and forms, by the run's seed.
        if "_" in name and random.random() > QUARTER:
            continue
        if name in FRAGMENTS or name.endswith(THEMES):
            continue
        if client.get(url).status_code != HTTPStatus.OK:
            continue
        page.goto(live_server.url + url)
        looked_at += 1
        schemes = SCHEMES[:1] if "_" in name else SCHEMES
        found = [fault for scheme in schemes for fault in look_at(page, *scheme)]
        faults += [f"{name}: {fault}" for fault in [*found, *errors]]
        errors.clear()
    context.close()

    assert not faults, "\n".join(faults)
    assert looked_at > 15


def look_at(page: Page, width: int, scheme: Any, rules: dict[str, Any]) -> list[str]:
    """Return what is wrong with a page at a width, in a colour scheme."""
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(color_scheme=scheme)
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [
        *([f"wider than {width} pixels"] if is_wide else []),
        *(
            f"{scheme}: {fault['id']}: {node['html'][:150]}"
            for fault in page.evaluate("it => axe.run(it)", rules)["violations"]
            if fault["impact"] in {"serious", "critical"}
            for node in fault["nodes"]
        ),
    ]
