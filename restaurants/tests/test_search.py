import threading
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from restaurants.models import Restaurant, SearchWord
from restaurants.selectors import NearbyFilters, list_restaurants_near
from restaurants.services import (
    refresh_restaurant,
    refresh_search_document,
    refresh_search_words,
)
from restaurants.services.derived import drop_words
from restaurants.spelling import distance_between, fold, meant_by, rests_of, words_of
from restaurants.tests.factories import CuisineFactory, RestaurantFactory

NOON = datetime(2026, 11, 20, 20, tzinfo=UTC)
MISSION = {"latitude": 37.7599, "longitude": -122.4148}


def serve(*dishes, name="Corner"):
    """Make a restaurant that is found by these dishes."""
    restaurant = RestaurantFactory.create(name=name, **MISSION)
    refresh_search_document(restaurant_pk=restaurant.pk, dish_names=dishes)
    return restaurant


def search(text, **kwargs):
    filters = NearbyFilters(text=text)
    return list_restaurants_near(moment=NOON, filters=filters, **MISSION, **kwargs)


def found(text, **kwargs):
    return [near.restaurant for near in search(text, **kwargs).results]


def vocabulary():
    return set(SearchWord.objects.values_list("word", flat=True))


def test_words_are_compared_without_case_accents_and_signs():
    assert words_of("Crème-Brûlée & CAFÉ_no. 1") == [
        *("creme", "brulee", "cafe", "no", "1")
    ]
    assert fold("Ωμέγα") == "ωμεγα"


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("pizza", "pizza", 0),
        ("piza", "pizza", 1),
        ("pizzza", "pizza", 1),
        ("pizsa", "pizza", 1),
        ("pziza", "pizza", 1),
        ("buritto", "burrito", 2),
        ("tikka", "korma", 4),
        ("", "abc", 3),
    ],
)
def test_slips_between_two_words_are_counted(one, other, distance):
    assert distance_between(one, other) == distance
    assert distance_between(other, one) == distance


def test_a_word_leaves_rests_without_a_letter_and_two_of_a_long_one():
    assert rests_of("tea") == {"tea"}
    assert rests_of("soup") == {"soup", "oup", "sup", "sop", "sou"}
    assert "burger" in rests_of("burgheri")
    assert "burge" not in rests_of("burgers")


def test_a_letter_doubled_or_not_is_meant_before_anything_else():
    known = ["pizza", "pita", "pica", "pasta"]

    assert meant_by("piza", known) == ["pizza"]
    assert meant_by("pika", known) == ["pica", "pita"]
    assert meant_by("tea", ["tee"]) == []
    assert meant_by("pizza", ["pizza"]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("piza", "pizza"),
        ("PIZZZA", "pizza"),
        ("pziza", "pizza"),
        ("chiken tika", "chicken tikka"),
        ("buritto", "burrito"),
        ("sushii", "sushi"),
        ("margharita piza", "margherita pizza"),
        ("jalapeno piza", "jalapeno pizza"),
    ],
)
def test_a_misspelt_dish_is_found_and_the_words_meant_are_told(typed, meant):
    wanted = serve(
        *("Pizza Margherita", "Chicken Tikka Masala", "Burrito", "Sushi"),
        "Jalapeño Pizza",
    )
    serve("Salad", name="Other")

    page = search(typed)

    assert [near.restaurant for near in page.results] == [wanted]
    assert page.corrected == meant


@pytest.mark.django_db
def test_a_misspelt_restaurant_or_cuisine_is_found():
    wanted = RestaurantFactory.create(name="Bombay Palace", **MISSION)
    wanted.cuisines.add(CuisineFactory.create(slug="indian", name="Indian"))
    refresh_restaurant(restaurant_pk=wanted.pk)

    assert found("bombai palace") == [wanted]
    assert found("indain") == [wanted]
    assert found("indian") == [wanted]


@pytest.mark.django_db
def test_what_is_spelt_right_or_only_begun_is_not_mended():
    wanted = serve("Chicken Tikka")
    serve("Kitchen Salad")

    for text in ("chicken", "chick tik", "tikka chi", "CHICKEN"):
        page = search(text)
        assert [near.restaurant for near in page.results] == [wanted]
        assert page.corrected == ""


@pytest.mark.django_db
def test_a_doubled_letter_left_out_is_mended_though_another_word_begins_so():
    pizzeria = serve("Pizza", name="Luigi")
    pizarro = serve("Paella", name="Pizarro")

    page = search("piza")

    assert [near.restaurant for near in page.results] == [pizzeria, pizarro]
    assert page.corrected == "pizza"
    assert found("pizar") == [pizarro]


@pytest.mark.django_db
def test_a_name_spelt_so_elsewhere_does_not_hide_what_is_meant_here():
    RestaurantFactory.create(name="Piza Hat", latitude=52.5, longitude=13.4)
    wanted = serve("Pizza")
    for pk in Restaurant.objects.values_list("pk", flat=True):
        refresh_search_document(restaurant_pk=pk)

    page = search("piza")

    assert [near.restaurant for near in page.results] == [wanted]
    assert page.corrected == "pizza"


@pytest.mark.django_db
def test_every_page_of_a_mended_search_is_of_the_same_words():
    expected = {serve("Pizza", name=f"Corner {number}").pk for number in range(5)}

    first = search("piza", limit=3)
    second = search("piza", limit=3, cursor=first.next_cursor)

    pks = [near.restaurant.pk for near in first.results + second.results]
    assert len(pks) == len(set(pks))
    assert set(pks) == expected
    assert second.corrected == "pizza"


@pytest.mark.django_db
def test_words_of_other_scripts_are_found_and_do_no_harm():
    wanted = serve("寿司", "مطعم الشام", "Пицца Маргарита")

    for text in ("寿司", "مطعم", "пицца", "الشام مطعم", "Пица"):
        assert found(text) == [wanted], text
    for text in ("茶茶茶茶茶", "شششششش", "🍕", "สวัสดี"):
        assert found(text) == [] or text == "🍕"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    [
        "a & | !b",
        "'; --",
        ":* ()",
        "<->",
        "\\",
        "%",
        "_",
        "x" * 5000,
        "pizz\x00a",
        "\ud800bcd",
        "\U0010ffff" * 9,
        "ß" * 60,
        "{}",
        "²³¹⁰",
        "a" * 61,
        " ".join("abcdefgh"[n:] + "xyz" for n in range(8)) * 3,
    ],
)
def test_odd_text_is_harmless(text):
    serve("Pizza")

    search(text)


@pytest.mark.django_db
def test_a_renamed_restaurant_keeps_its_dishes_and_cuisines():
    restaurant = serve("Ravioli", name="Osteria")
    restaurant.cuisines.add(CuisineFactory.create())
    refresh_search_document(restaurant_pk=restaurant.pk)
    Restaurant.objects.filter(pk=restaurant.pk).update(name="Enoteca")

    refresh_search_document(restaurant_pk=restaurant.pk)

    for text in ("enoteca", "ravioli", "italian"):
        assert found(text) == [restaurant]


@pytest.mark.django_db
def test_words_that_find_nothing_any_more_are_forgotten():
    restaurant = serve("Ravioli", "Tea", "7up", name="Osteria")
    refresh_search_document(restaurant_pk=restaurant.pk, dish_names=["Tea"])
    SearchWord.objects.filter(word="osteria").delete()

    assert refresh_search_words() == 1

    assert vocabulary() == {"osteria"}


@pytest.mark.django_db
def test_a_command_makes_old_rows_findable_by_their_cuisines():
    restaurant = serve("Ravioli", name="Osteria")
    restaurant.cuisines.add(CuisineFactory.create())
    SearchWord.objects.all().delete()
    assert found("italian") == []

    out = StringIO()
    call_command("refresh_search", stdout=out)

    assert "1" in out.getvalue()
    assert found("itallian") == found("raviolli") == [restaurant]
    out = StringIO()
    call_command("refresh_search", if_empty=True, stdout=out)
    assert out.getvalue() == ""


@pytest.mark.django_db
def test_words_the_list_cannot_hold_are_left_out():
    serve("Donau" * 20 + "dampf", "Goulash")

    assert vocabulary() == {"corner", "goulash"}


@pytest.mark.django_db
def test_free_delivery_and_a_least_rating_narrow_the_list():
    free = RestaurantFactory.create(**MISSION, rating_total=45, rating_count=10)
    RestaurantFactory.create(**MISSION, delivery_fee=3, rating_total=8, rating_count=2)
    stepped = RestaurantFactory.create(
        **MISSION, fee_step_metres=[500.0], fee_step_fees=[2]
    )

    def pks(**filters):
        page = list_restaurants_near(
            moment=NOON, filters=NearbyFilters(**filters), **MISSION
        )
        return [near.restaurant.pk for near in page.results]

    assert pks(free_delivery=True) == [free.pk, stepped.pk]
    assert pks(min_rating=4.5) == [free.pk]
    assert len(pks(min_rating=4)) == 2
    assert len(pks(free_delivery=True, fulfilment="pickup")) == 3
    for odd in (float("nan"), float("inf"), -1.0, 1e300):
        pks(min_rating=odd)


def wait_until_somebody_waits():
    for _turn in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    pytest.fail("Nobody came to wait.")


@pytest.mark.django_db(transaction=True)
def test_a_menu_published_during_a_renaming_finds_the_new_name():
    restaurant = serve(name="Corner")

    def publish():
        refresh_search_document(restaurant_pk=restaurant.pk, dish_names=["Soup"])
        connections.close_all()

    other = threading.Thread(target=publish)
    with transaction.atomic():
        Restaurant.objects.filter(pk=restaurant.pk).update(name="Harbour")
        refresh_search_document(restaurant_pk=restaurant.pk)
        other.start()
        wait_until_somebody_waits()
    other.join(timeout=10)

    assert found("harbour") == found("soup") == [restaurant]
    assert found("corner") == []


@pytest.mark.django_db
def test_a_word_that_finds_something_is_never_dropped():
    serve("Gnocchi")
    SearchWord.objects.create(word="forgotten", rests=["forgotten"])

    drop_words(words={"gnocchi", "forgotten"})

    assert vocabulary() == {"corner", "gnocchi"}
