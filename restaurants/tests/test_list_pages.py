"""The list of restaurants: filters, sorts, parts for htmx, paging, what it says."""

import base64
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from restaurants.models import Favourite
from restaurants.services import refresh_search_document
from restaurants.tests.factories import CuisineFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
URL = reverse("restaurants:restaurant-list")
HTMX = {"HX-Request": "true"}
MISSION = {"latitude": "37.7599", "longitude": "-122.4148", "label": "Mission"}


@pytest.fixture
def visitor(client: Client) -> Client:
    client.post(reverse("customers:place-choose"), MISSION)
    return client


def names_in(answer: Any) -> list[str]:
    return re.findall(r'<h3>\s*<a href="[^"]*">([^<]*)</a>', answer.text)


def words_in(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


def test_a_card_says_what_decides(visitor: Client) -> None:
    RestaurantFactory.create(
        name="Da Ugo",
        country="US",
        delivery_fee=Decimal("1.99"),
        minimum_order=Decimal(10),
        rating_total=92,
        rating_count=20,
    ).cuisines.add(CuisineFactory.create())

    words = words_in(visitor.get(URL))

    said = ("Da Ugo", "Italian", "Rated 4.6 (20)", "Delivery $1.99", "Minimum $10.00")
    assert all(part in words for part in (*said, "0.0 mi", "Top rated"))
    assert re.search(r"\d+–\d+ min", words)


def test_a_card_says_new_until_ratings_speak_for_it(visitor: Client) -> None:
    restaurant = RestaurantFactory.create()
    assert "New" in words_in(visitor.get(URL))

    restaurant.created_at = timezone.now() - timedelta(days=31)
    restaurant.save()

    assert "New" not in words_in(visitor.get(URL))


def test_closed_ones_come_last_with_the_time_they_open(visitor: Client) -> None:
    RestaurantFactory.create(name="Shut", hours=[])
    pause = timezone.now() + timedelta(hours=1)
    RestaurantFactory.create(name="Resting", paused_until=pause)
    RestaurantFactory.create(name="Awake")

    answer = visitor.get(URL)

    assert names_in(answer)[0] == "Awake"
    words = words_in(answer)
    assert words.count("Closed for now") == 1
    assert "On a break until" in words


def test_filters_narrow_the_list(visitor: Client) -> None:
    thai = RestaurantFactory.create(
        name="Thai House", delivery_fee=Decimal(0), rating_total=10, rating_count=2
    )
    thai.cuisines.add(CuisineFactory.create(slug="thai", name="Thai"))
    RestaurantFactory.create(
        name="Da Ugo", delivery_fee=Decimal(3), rating_total=4, rating_count=2
    )
    RestaurantFactory.create(name="Shut", hours=[], delivery_fee=Decimal(3))

    for query in ("cuisine=thai", "free_delivery=1", "rating=4", "text=house"):
        assert names_in(visitor.get(f"{URL}?{query}")) == ["Thai House"], query
    assert "Shut" not in names_in(visitor.get(f"{URL}?open_now=1"))


def test_pickup_shows_who_lets_collect(visitor: Client) -> None:
    RestaurantFactory.create(name="Counter", offers_delivery=False)
    RestaurantFactory.create(name="Wheels", offers_pickup=False)

    answer = visitor.get(URL, {"fulfilment": "pickup", "free_delivery": "1"})

    assert names_in(answer) == ["Counter"]
    assert "Pickup only" in words_in(answer)


def test_a_sort_changes_the_order(visitor: Client) -> None:
    RestaurantFactory.create(name="Dear", delivery_fee=Decimal(4))
    RestaurantFactory.create(name="Cheap", delivery_fee=Decimal(1), latitude=37.77)

    assert names_in(visitor.get(URL)) == ["Dear", "Cheap"]
    assert names_in(visitor.get(f"{URL}?sort=fee")) == ["Cheap", "Dear"]


def test_htmx_gets_the_results_and_a_tidy_address(visitor: Client) -> None:
    RestaurantFactory.create(name="Da Ugo")
    wish = {"text": "ugo", "sort": "distance", "cuisine": "", "fulfilment": "delivery"}

    part = visitor.get(URL, wish, headers=HTMX)

    assert "<html" not in part.text
    assert names_in(part) == ["Da Ugo"]
    assert 'hx-swap-oob="innerHTML"' in part.text
    assert part["HX-Push-Url"] == f"{URL}?text=ugo"
    assert "HX-Request" in part["Vary"]
    assert "<html" in visitor.get(URL, wish).text


def test_typing_on_does_not_fill_the_history(visitor: Client) -> None:
    shown = {**HTMX, "HX-Current-URL": f"http://testserver{URL}?text=ug&rating=4"}

    typed = visitor.get(URL, {"text": "ugo", "rating": "4"}, headers=shown)
    other = visitor.get(URL, {"text": "ugo"}, headers=shown)
    broken = {**HTMX, "HX-Current-URL": "http://[x?%ff=&&text"}
    odd = visitor.get(URL, {"text": "ugo"}, headers=broken)

    assert typed["HX-Replace-Url"] == f"{URL}?text=ugo&rating=4"
    assert other["HX-Push-Url"] == odd["HX-Push-Url"] == f"{URL}?text=ugo"


def test_going_back_in_the_browser_gets_the_whole_page(visitor: Client) -> None:
    headers = {**HTMX, "HX-History-Restore-Request": "true"}

    assert "<html" in visitor.get(URL, headers=headers).text


def test_more_of_them_are_appended_with_one_heading_for_the_closed(
    visitor: Client,
) -> None:
    RestaurantFactory.create_batch(15)
    RestaurantFactory.create_batch(10, hours=[])

    first = visitor.get(URL, {"view": "map"})
    link = re.search(r'hx-get="([^"]*)"\s+hx-trigger="revealed"', first.text)
    assert link is not None
    rest = visitor.get(link[1].replace("&amp;", "&"), headers=HTMX)

    found = names_in(first) + names_in(rest)
    assert len(found) == len(set(found)) == 25
    assert "<ul" not in rest.text
    assert "Closed for now" in first.text
    assert "Closed for now" not in rest.text
    assert "spots-more" not in rest.text


def test_after_some_pages_the_next_one_waits_to_be_asked_for(visitor: Client) -> None:
    RestaurantFactory.create_batch(21)

    assert 'hx-trigger="click"' in visitor.get(f"{URL}?n=5").text


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "W10=", "é", "x" * 5000),
        cursor_of("[" * 3000),
        cursor_of('["distance",false,0,0,' + "9" * 400 + "]"),
        cursor_of('["distance",false,0,' + "9" * 400 + ",1]"),
    ],
)
def test_a_cursor_nobody_gave_out_leads_to_the_start(
    visitor: Client, cursor: str
) -> None:
    query = {"cursor": cursor, "rating": "4"}

    assert visitor.get(URL, query)["Location"] == f"{URL}?rating=4"
    asked_by_htmx = visitor.get(URL, query, headers=HTMX)
    assert asked_by_htmx["HX-Redirect"] == f"{URL}?rating=4"


@pytest.mark.parametrize("odd", ["", "99999999999999999999", "nan", "²", "%s💥" * 99])
def test_odd_values_are_taken_for_none(visitor: Client, odd: str) -> None:
    for name in ("sort", "fulfilment", "n", "closed", "view", "rating", "cuisine"):
        assert visitor.get(URL, {name: odd}).status_code == 200, name


def test_a_search_without_a_hit_says_what_could_be_left_out(visitor: Client) -> None:
    RestaurantFactory.create()

    answer = visitor.get(URL, {"text": "xyzzyx", "open_now": "1"})

    assert "Nothing fits what you asked for." in answer.text
    assert f'href="{URL}?open_now=1"' in answer.text
    assert f'href="{URL}?text=xyzzyx"' in answer.text


def test_a_slip_of_the_finger_is_put_right_and_said(visitor: Client) -> None:
    ugo = RestaurantFactory.create(name="Lasagne Palace")
    refresh_search_document(restaurant_pk=ugo.pk, dish_names=[])

    answer = visitor.get(URL, {"text": "lasange"})

    assert names_in(answer) == ["Lasagne Palace"]
    assert "Showing results for lasagne" in words_in(answer)


def test_a_place_without_restaurants_says_so(visitor: Client) -> None:
    assert "No restaurant serves this place yet." in visitor.get(URL).text


def test_what_was_asked_for_survives_choosing_a_place(client: Client) -> None:
    answer = client.get(URL, {"cuisine": "thai", "cursor": "x"})

    there = reverse("customers:place-choose")
    assert answer["Location"] == f"{there}?next=%2Frestaurants%2F%3Fcuisine%3Dthai"
    asked_by_htmx = client.get(URL, headers=HTMX)
    assert asked_by_htmx["HX-Redirect"] == there


def test_favourites_are_marked_for_who_chose_them(visitor: Client) -> None:
    ada = UserFactory.create()
    Favourite.objects.create(user=ada, restaurant=RestaurantFactory.create())
    assert "One of your favourites" not in visitor.get(URL).text

    visitor.force_login(ada)
    visitor.post(reverse("customers:place-choose"), MISSION)

    assert visitor.get(URL).text.count("One of your favourites") == 1


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_asks_as_much_for_many_as_for_one(
    visitor: Client, django_assert_max_num_queries: Any, count: int
) -> None:
    cuisine = CuisineFactory.create()
    for restaurant in RestaurantFactory.create_batch(count):
        restaurant.cuisines.add(cuisine)
    visitor.force_login(UserFactory.create())
    visitor.post(reverse("customers:place-choose"), MISSION)

    # Session, user, open and closed ones, their rows and cuisines, the cuisines
    # around, cart and inbox.
    with django_assert_max_num_queries(9):
        visitor.get(URL)
