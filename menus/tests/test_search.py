from datetime import UTC, datetime

import pytest

from menus.services import refresh_dishes
from menus.tests.factories import ItemFactory, MenuFactory, SectionFactory
from restaurants.models import Cuisine, Restaurant, SearchWord
from restaurants.selectors import NearbyFilters, list_restaurants_near
from restaurants.services import refresh_restaurant
from restaurants.tests.factories import RestaurantFactory

NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)
MISSION = {"latitude": 37.7599, "longitude": -122.4148}


def serve(*dishes, name="Corner", **fields):
    """Make a restaurant that has these dishes on its menu."""
    restaurant = RestaurantFactory.create(name=name, **MISSION, **fields)
    section = SectionFactory.create(menu__restaurant=restaurant)
    for dish in dishes:
        ItemFactory.create(section=section, restaurant=restaurant, name=dish)
    refresh_dishes(restaurant_pk=restaurant.pk)
    return restaurant


def search(text, **kwargs):
    filters = NearbyFilters(text=text)
    return list_restaurants_near(moment=NOON, filters=filters, **MISSION, **kwargs)


def found(text, **kwargs):
    return [near.restaurant for near in search(text, **kwargs).results]


def vocabulary():
    return set(SearchWord.objects.values_list("word", flat=True))


@pytest.mark.django_db
def test_the_dishes_meant_are_named_at_most_three_and_the_best_first():
    serve(
        *("Tuna Pizza", "Pizza Salami", "Chicken Wings", "Pizza Fungi", "Cola"),
        *("Pizza Chicken", "Pìzza Bianca"),
    )
    serve("Pizza and Chicken", name="Another")

    dishes = {it.restaurant.name: it.dishes for it in search("chiken pizza").results}

    assert dishes["Corner"][0] == "Pizza Chicken"
    assert len(dishes["Corner"]) == 3
    assert dishes["Another"] == ["Pizza and Chicken"]


@pytest.mark.django_db
def test_dishes_are_found_through_accents_and_not_those_that_are_hidden():
    restaurant = serve("Crème Brûlée", "Crêpe")
    ItemFactory.create(
        section=restaurant.items.first().section,
        restaurant=restaurant,
        name="Cremeschnitte",
        is_active=False,
    )
    draft = MenuFactory.create(restaurant=restaurant, name="Draft", is_active=False)
    ItemFactory.create(
        section=SectionFactory.create(menu=draft), restaurant=restaurant, name="Cremona"
    )

    assert [it.dishes for it in search("creme").results] == [["Crème Brûlée"]]


@pytest.mark.django_db
def test_no_dishes_are_named_without_words_or_for_a_name():
    serve("Pizza", name="Luigi")

    assert [it.dishes for it in search("").results] == [[]]
    assert [it.dishes for it in search("luigi").results] == [[]]


@pytest.mark.django_db
def test_the_query_count_grows_neither_with_words_nor_restaurants(
    django_assert_num_queries,
):
    for number in range(6):
        serve("Chicken Tikka", "Pizza", name=f"Corner {number}")

    # Words, who delivers, their rows and dishes.
    for text in ("piza", "chiken tika piza", "pizza"):
        for limit in (2, 20):
            with django_assert_num_queries(5):
                search(text, limit=limit)


@pytest.mark.django_db
def test_the_words_follow_names_cuisines_and_dishes():
    restaurant = serve("Lasagne", name="Trattoria Roma")
    assert {"lasagne", "trattoria", "roma"} <= vocabulary()

    restaurant.items.update(name="Ravioli")
    refresh_dishes(restaurant_pk=restaurant.pk)
    Restaurant.objects.filter(pk=restaurant.pk).update(name="Osteria")
    restaurant.cuisines.add(Cuisine.objects.create(slug="italian", name="Italian"))
    refresh_restaurant(restaurant_pk=restaurant.pk)

    assert {"ravioli", "osteria", "italian"} <= vocabulary()
    assert found("ravoli") == found("osterria") == found("italiann") == [restaurant]
    assert found("lasagne") == found("trattoria") == []
