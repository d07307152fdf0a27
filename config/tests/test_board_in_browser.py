"""The board in a real browser: it rings, says when it is alone, and catches up."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from config.tests.conftest import session_of
from customers.tests.factories import UserFactory
from orders.models import Order, PendingEnd
from orders.tests.factories import OrderFactory
from restaurants.models import Restaurant
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db(transaction=True)
# The board asks every five seconds where nothing rings.
SOON = 9_000


@pytest.fixture
def trattoria() -> Restaurant:
    return RestaurantFactory.create()


@pytest.fixture
def open_board(browser: Browser, live_server: Any, trattoria: Restaurant) -> Any:
    contexts = []

    def open_one(name: str, script: str = "") -> Page:
        user = UserFactory.create(name=name)
        MembershipFactory.create(restaurant=trattoria, user=user)
        context = browser.new_context(viewport={"width": 768, "height": 1024})
        contexts.append(context)
        context.add_cookies(session_of(user, live_server.url))
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.goto(f"{live_server.url}/owner/board/")
        return page

    yield open_one
    for context in contexts:
        context.close()


def place(restaurant: Restaurant, **fields: Any) -> Order:
    order: Order = OrderFactory.create(
        restaurant=restaurant, placed_at=timezone.now(), **fields
    )
    return order


# Counts what is played instead of playing it.
PLAYS = """
    window.plays = 0;
    HTMLMediaElement.prototype.play = function () {
      window.plays += 1;
      return Promise.resolve();
    };
"""
REFUSES = """
    HTMLMediaElement.prototype.play = () =>
      Promise.reject(new DOMException("no", "NotAllowedError"));
"""


def test_a_new_order_rings_until_it_has_been_opened(
    open_board: Any, trattoria: Restaurant
) -> None:
    page = open_board("Ana", PLAYS)
    page.get_by_role("button", name="Start shift").click()
    order = place(trattoria, number=47)

    card = page.locator(f"#order-{order.pk}")
    expect(card).to_contain_text("047", timeout=SOON)
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    page.wait_for_function("plays >= 3", timeout=SOON)  # the first was the shift's

    card.get_by_role("button", name="Open", exact=True).click()
    expect(page).not_to_have_title(re.compile(r"^\(1\) "))
    expect(card).not_to_have_class(re.compile("is-unopened"))
    assert Order.objects.get().opened_at is not None


def test_a_browser_that_refuses_to_play_says_so_in_red(open_board: Any) -> None:
    page = open_board("Ana", REFUSES)
    expect(page.get_by_text("SOUND IS OFF")).to_be_hidden()

    page.get_by_role("button", name="Start shift").click()

    expect(page.get_by_text("SOUND IS OFF")).to_be_visible()


def test_a_board_cut_off_says_so_and_catches_up(
    open_board: Any, trattoria: Restaurant
) -> None:
    page = open_board("Ana")
    expect(page.locator("#board-live")).to_have_text("Live")
    # As if half a minute had passed without an answer.
    page.context.set_offline(True)
    page.evaluate("const real = Date.now; Date.now = () => real() + 30_000")
    expect(page.locator("#board-live")).to_have_text(re.compile("OFFLINE"))
    order = place(trattoria, number=48)

    page.context.set_offline(False)

    expect(page.locator(f"#order-{order.pk}")).to_be_visible(timeout=SOON)
    expect(page.locator("#board-live")).to_have_text("Live")


def test_two_tablets_see_the_same_and_either_can_undo(
    open_board: Any, trattoria: Restaurant
) -> None:
    order = place(trattoria, number=49)
    ana, ben = open_board("Ana"), open_board("Ben")
    card = ana.locator(f"#order-{order.pk}")

    card.locator("summary", has_text="Reject").click()
    card.locator("select[name=reason]").select_option("closing")
    card.locator(".board-danger").click()
    expect(card).to_contain_text("Rejecting")

    other = ben.locator(f"#order-{order.pk}")
    expect(other).to_contain_text("by Ana", timeout=SOON)
    other.get_by_role("button", name="Undo").click()
    expect(other).not_to_contain_text("Rejecting")
    assert not PendingEnd.objects.exists()


def test_signed_out_meanwhile_is_said_with_the_way_back(
    open_board: Any, trattoria: Restaurant
) -> None:
    page = open_board("Ana")
    page.context.clear_cookies()

    alert = page.get_by_role("alert").filter(has_text="signed out")

    expect(alert).to_be_visible(timeout=SOON)
    expect(alert.get_by_role("link")).to_have_attribute(
        "href", re.compile("/owner/login/")
    )
