"""What a restaurant's page and an item's form show, and to whom they hide what."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from menus.models import Item
from menus.pricing import Wishes, lowest_price, read_wishes
from menus.selectors import get_item_for_customer
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db

PLACE = {"label": "Home", "latitude": "37.7629", "longitude": "-122.4194"}


@pytest.fixture
def pizza() -> Item:
    return ItemFactory.create(name="Pizza", allergens=["gluten", "milk"])


@pytest.fixture
def salad(pizza: Item) -> Item:
    return ItemFactory.create(section=pizza.section, name="Salad", diets=["vegan"])


def page_of(client: Client, item: Item, **query: str) -> Any:
    return client.get(item.restaurant.get_absolute_url(), query)


def names_on(page: Any) -> list[str]:
    parts = page.context["menu"].parts
    return [dish.item.name for part in parts for dish in part.dishes]


def avoid(client: Client, *, diets: list[str] = (), allergens: list[str] = ()) -> Any:  # type: ignore[assignment]
    wish = {"allergens": allergens, "diets": diets, "next": "/account/"}
    return client.post(reverse("menus:diet"), wish)


def test_what_somebody_avoids_is_hidden_and_said(
    client: Client, pizza: Item, salad: Item
) -> None:
    assert names_on(page_of(client, pizza)) == ["Pizza", "Salad"]

    avoid(client, allergens=["milk"])

    page = page_of(client, pizza)
    assert names_on(page) == ["Salad"]
    assert "1 item hidden." in page.text
    all_shown = page_of(client, pizza, all="1")
    assert names_on(all_shown) == ["Pizza", "Salad"]
    assert "Contains what you avoid: Milk." in all_shown.text


def test_a_diet_hides_what_is_not_labelled_for_it(
    client: Client, pizza: Item, salad: Item
) -> None:
    avoid(client, diets=["vegan"])

    assert names_on(page_of(client, pizza)) == ["Salad"]


def test_wishes_hold_at_every_restaurant_until_they_are_cleared(
    client: Client, pizza: Item
) -> None:
    elsewhere = ItemFactory.create(name="Laksa", allergens=["milk"])
    avoid(client, allergens=["milk"])
    assert names_on(page_of(client, elsewhere)) == []

    client.post(reverse("menus:diet"), {"clear": "1", "allergens": "milk"})

    assert names_on(page_of(client, elsewhere)) == ["Laksa"]


def test_wishes_lead_back_to_the_page_and_never_to_another_site(
    client: Client,
) -> None:
    assert avoid(client, allergens=["milk"]).headers["Location"] == "/account/"
    away = client.post(reverse("menus:diet"), {"next": "https://evil.example/"})
    assert away.headers["Location"] == reverse("restaurants:restaurant-list")


@pytest.mark.parametrize(
    "kept", [None, 7, "x", [], {"allergens": "milk"}, {"diets": [[], 3, "spicy"]}]
)
def test_wishes_that_are_none_are_left_out(kept: object) -> None:
    assert not read_wishes(kept)


def test_an_item_stays_when_only_a_modifier_brings_the_allergen_in(
    client: Client, salad: Item
) -> None:
    group = ModifierGroupFactory.create(restaurant=salad.restaurant, min_choices=0)
    ModifierFactory.create(group=group, name="Feta", allergens=["milk"])
    offer(salad, group)
    avoid(client, allergens=["milk"])

    assert "Salad" in names_on(page_of(client, salad))
    form = client.get(reverse("menus:item-detail", args=[salad.public_id]))
    assert 'data-warning="Feta: Contains what you avoid: Milk."' in form.text


def test_a_diet_warns_of_modifiers_that_do_not_go_with_it() -> None:
    wishes = Wishes(diets=frozenset({"vegan"}))
    egg = ModifierFactory.build(group=None, allergens=["eggs"])
    bacon = ModifierFactory.build(group=None, diets=["gluten_free"])
    large = ModifierFactory.build(group=None)

    assert wishes.warnings_about(egg) == ["Contains what you avoid: Eggs."]
    assert wishes.warnings_about(bacon) == ["Not labelled “Vegan”."]
    assert wishes.warnings_about(large) == []


def test_a_restaurant_that_states_no_allergens_is_not_taken_for_free_of_them(
    client: Client, salad: Item, pizza: Item
) -> None:
    assert "states no allergens at all" not in page_of(client, pizza).text
    silent = ItemFactory.create()
    assert "states no allergens at all" in page_of(client, silent).text
    form = client.get(reverse("menus:item-detail", args=[silent.public_id]))
    assert "Allergens are not stated" in form.text


def test_the_menu_is_searched_without_a_script(
    client: Client, pizza: Item, salad: Item
) -> None:
    page = page_of(client, pizza, q="sÁlad")

    assert names_on(page) == ["Salad"]
    assert "1 item fits" in page.text
    assert names_on(page_of(client, pizza, q="nothing like it")) == []


def test_what_must_be_chosen_counts_into_the_price() -> None:
    item = ItemFactory.create(price=Decimal(10))
    group = ModifierGroupFactory.create(restaurant=item.restaurant)
    ModifierFactory.create(group=group, price_difference=Decimal(2))
    ModifierFactory.create(group=group, price_difference=Decimal(5))
    extra = ModifierGroupFactory.create(restaurant=item.restaurant, min_choices=0)
    ModifierFactory.create(group=extra, price_difference=Decimal(-1))
    offer(item, group)
    offer(item, extra)
    loaded = get_item_for_customer(public_id=item.public_id)

    assert lowest_price(loaded) == (Decimal(12), True)


def test_an_item_that_is_sold_out_is_read_and_not_opened(
    client: Client, pizza: Item
) -> None:
    Item.objects.filter(pk=pizza.pk).update(
        sold_out_until=timezone.now() + timedelta(days=30)
    )

    page = page_of(client, pizza)

    assert "Pizza" in page.text
    assert "Sold out until" in page.text
    assert reverse("menus:item-detail", args=[pizza.public_id]) not in page.text


def test_a_modifier_that_is_sold_out_cannot_be_chosen(
    client: Client, pizza: Item
) -> None:
    group = ModifierGroupFactory.create(restaurant=pizza.restaurant)
    until = timezone.now() + timedelta(days=30)
    ModifierFactory.create(group=group, name="Burrata", sold_out_until=until)
    offer(pizza, group)

    form = client.get(reverse("menus:item-detail", args=[pizza.public_id]))

    assert "data-sold-out" in form.text
    assert "Sold out until" in form.text


def test_a_form_comes_alone_for_the_dialog(client: Client, pizza: Item) -> None:
    url = reverse("menus:item-detail", args=[pizza.public_id])
    page = client.get(url)
    part = client.get(url, headers={"HX-Request": "true"})

    assert "<html" in page.text
    assert "<html" not in part.text
    assert "hx-post" in part.text
    assert "HX-Request" in part.headers["Vary"]


def test_delivery_terms_are_told_for_the_visitors_place(client: Client) -> None:
    restaurant = RestaurantFactory.create(
        delivery_fee=Decimal(2),
        fee_step_metres=[300.0, 5000.0],
        fee_step_fees=[Decimal(4), Decimal(6)],
        delivery_radius=8000.0,
        minimum_order=Decimal(15),
        country="DE",
        currency="EUR",
    )
    client.post(reverse("customers:place-choose"), PLACE)

    page = client.get(restaurant.get_absolute_url())

    steps = [(step.until, step.is_here) for step in page.context["fee_steps"]]
    assert steps == [(300.0, False), (5000.0, True), (8000.0, False)]
    assert "Delivers to Home" in page.text
    assert "€4.00" in page.text
    assert "Minimum order €15.00." in page.text


def test_a_place_too_far_away_is_told_so(client: Client) -> None:
    restaurant = RestaurantFactory.create(delivery_radius=100.0)
    client.post(reverse("customers:place-choose"), PLACE)

    page = client.get(restaurant.get_absolute_url())

    assert "Does not deliver to Home" in page.text


def test_pickup_is_chosen_and_kept(client: Client, pizza: Item) -> None:
    chosen = client.post(
        reverse("orders:cart-fulfilment"),
        {"restaurant": pizza.restaurant.slug, "fulfilment": "pickup"},
    )

    assert chosen.headers["Location"] == pizza.restaurant.get_absolute_url()
    page = page_of(client, pizza)
    assert page.context["fulfilment"] == "pickup"
    assert "Ready in" in page.text


@pytest.mark.parametrize("query", ["fulfilment=teleport", "reviews=%F0%9F", "q=%25s"])
def test_odd_queries_show_the_page(client: Client, pizza: Item, query: str) -> None:
    url = f"{pizza.restaurant.get_absolute_url()}?{query}"
    assert client.get(url).status_code == 200


def test_a_script_that_goes_back_in_history_gets_the_whole_page(
    client: Client, pizza: Item
) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

    page = client.get(
        reverse("menus:item-detail", args=[pizza.public_id]), headers=headers
    )

    assert "<html" in page.text


def serve(item: Item, *, from_hours: int, days: int = 0) -> None:
    """Let an item's menu be served for an hour, so far from now."""
    start = timezone.now() + timedelta(hours=from_hours, days=days)
    local = start.astimezone(ZoneInfo(item.restaurant.time_zone))
    item.section.menu.hours.create(
        weekday=local.weekday(),
        opens_at=local.time(),
        closes_at=(local + timedelta(hours=1)).time(),
    )


def test_what_is_served_later_can_be_ordered_for_later(
    client: Client, pizza: Item
) -> None:
    serve(pizza, from_hours=3)
    form = reverse("menus:item-detail", args=[pizza.public_id])

    page = page_of(client, pizza).text

    assert form in page
    assert "Not served now" in page
    assert "Order for later" in page
    assert "You choose the time at checkout." in client.get(form).text


def test_what_is_not_served_at_any_time_on_offer_leads_nowhere(
    client: Client, pizza: Item, salad: Item
) -> None:
    serve(pizza, from_hours=0, days=4)

    page = page_of(client, pizza).text

    assert reverse("menus:item-detail", args=[pizza.public_id]) not in page
    assert "Order for later" not in page


def test_the_page_asks_as_much_for_a_hundred_items_as_for_five(
    client: Client, pizza: Item, django_assert_max_num_queries: Any
) -> None:
    group = ModifierGroupFactory.create(restaurant=pizza.restaurant)
    ModifierFactory.create_batch(3, group=group)
    counts = []
    for more in (4, 95):
        section = SectionFactory.create(menu=pizza.section.menu)
        for item in ItemFactory.create_batch(more, section=section):
            offer(item, group)
        with django_assert_max_num_queries(20) as asked:
            page_of(client, pizza)
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert len(page_of(client, pizza).content) < 80_000


def test_delivery_is_called_free_only_where_it_is(client: Client) -> None:
    restaurant = RestaurantFactory.create(
        delivery_fee=0, fee_step_metres=[2000.0], fee_step_fees=[Decimal(4)]
    )
    url = restaurant.get_absolute_url()
    assert "Free delivery" not in client.get(url).text
    assert "Delivery from $0.00" in client.get(url).text

    client.post(reverse("customers:place-choose"), PLACE)
    assert "Free delivery" in client.get(url).text

    # The step begins where nothing is brought any more.
    restaurant.delivery_radius = 1500
    restaurant.save()
    assert "Free delivery" in Client().get(url).text


def test_a_kitchen_that_answers_nobody_is_not_called_open(client: Client) -> None:
    restaurant = RestaurantFactory.create()
    url = restaurant.get_absolute_url()
    assert client.get(url).context["is_open"]

    restaurant.unattended_since = timezone.now()
    restaurant.save()

    assert not client.get(url).context["is_open"]


def test_special_hours_of_today_read_as_hours(client: Client) -> None:
    restaurant = RestaurantFactory.create()
    today = timezone.now().astimezone(ZoneInfo(restaurant.time_zone)).date()
    for hours in ((11, 14), (17, 22)):
        restaurant.special_hours.create(
            date=today, opens_at=time(hours[0]), closes_at=time(hours[1])
        )
    url = restaurant.get_absolute_url()
    assert "Today 11:00–14:00, Today 17:00–22:00" in client.get(url).text

    restaurant.special_hours.all().delete()
    restaurant.special_hours.create(date=today, opens_at=time(0), closes_at=time(0))

    assert "Today all day" in client.get(url).text
    assert "00:00–00:00" not in client.get(url).text


def test_an_opening_far_away_is_said_with_its_day(client: Client) -> None:
    pause = timezone.now() + timedelta(days=10)
    restaurant = RestaurantFactory.create(paused_until=pause, offers_delivery=False)
    client.post(reverse("customers:place-choose"), PLACE)

    local = pause.astimezone(ZoneInfo(restaurant.time_zone))
    moment = f"{local.day} {local:%b %Y %H:%M}"
    page = client.get(restaurant.get_absolute_url()).text
    assert f"takes orders again {moment}" in page
    cards = client.get(reverse("restaurants:restaurant-list"), {"fulfilment": "pickup"})
    assert f"until {moment}" in cards.text
