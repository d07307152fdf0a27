"""The figures in a real browser: charts drawn, tables under them, nothing cut off."""

import os
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from config.tests.conftest import session_of
from orders.tests.factories import OrderFactory
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = os.environ.get("BROWSER_PICTURES", "")
PARTS = {
    "sales": "?part=sales",
    "hours": "?part=sales&by=hour",
    "service": "?part=service",
    "items": "?part=items",
    "guests": "?part=guests",
}


def sell_for_days(restaurant, days):
    now = timezone.now().replace(microsecond=0)
    for number in range(days):
        placed_at = now - timedelta(days=number, hours=number % 5)
        OrderFactory(
            restaurant=restaurant,
            number=number + 1,
            status="rejected" if number % 9 == 0 else "collected",
            end_reason="too_busy" if number % 9 == 0 else "",
            end_actor="restaurant" if number % 9 == 0 else "",
            subtotal=Decimal(30 + number % 7 * 5),
            tax=Decimal("2.40"),
            placed_at=placed_at,
            accepted_at=placed_at + timedelta(minutes=2),
            ready_at=placed_at + timedelta(minutes=18 + number % 9),
            ended_at=placed_at + timedelta(minutes=25),
            service_day=placed_at.date(),
        )


@pytest.mark.parametrize(("width", "scheme"), [(768, "light"), (1280, "dark")])
def test_charts_are_drawn_over_their_tables(browser, live_server, width, scheme):
    member = MembershipFactory(restaurant__name="Trattoria")
    sell_for_days(member.restaurant, 56)
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme=scheme
    )
    context.add_cookies(session_of(member.user, live_server.url))
    page = context.new_page()
    complaints = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    url = live_server.url + reverse("owner:figures", args=[member.restaurant.pk])

    for name, query in PARTS.items():
        assert page.goto(url + query).status == 200
        if PICTURES:
            page.screenshot(
                path=f"{PICTURES}/figures-{name}-{width}.png", full_page=True
            )
        canvases = page.locator("canvas[data-figures]").all()
        assert bool(canvases) == (name not in ("items", "guests")), name
        for canvas in canvases:
            assert canvas.get_attribute("role") == "img"
            drawn = canvas.evaluate(
                "(it) => Chart.getChart(it).data.datasets[0].data.length"
            )
            assert drawn > 0
        assert page.locator("table").count() > 0
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, name
    assert complaints == []
    context.close()
