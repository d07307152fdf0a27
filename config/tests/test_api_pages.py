"""The pages that are made of the schema, in a real browser under the site's policy."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("docs", "#swagger-ui .opblock-tag"),
        ("reference", "redoc [data-section-id] h2"),
        ("problems", "#illegal_transition"),
    ],
)
def test_a_page_about_the_api_works_from_our_own_files(
    browser: Browser, live_server: Any, name: str, shown: str
) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    said, asked = listen(page)

    page.goto(f"{live_server.url}/api/v1/{name}")

    expect(page.locator(shown).first).to_be_visible(timeout=30_000)
    page.wait_for_load_state("networkidle")
    context.close()
    assert not said
    ours = (live_server.url, f"blob:{live_server.url}", "data:")
    assert [url for url in asked if not url.startswith(ours)] == []


def listen(page: Page) -> tuple[list[str], list[str]]:
    """Return what a page will complain of, and what it will ask for."""
    said: list[str] = []
    asked: list[str] = []
    page.on(
        "console",
        lambda line: said.append(line.text) if line.type == "error" else None,
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    return said, asked
