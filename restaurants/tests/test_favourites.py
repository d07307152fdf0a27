"""Restaurants kept to be found again."""

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import PASSWORD, UserFactory
from restaurants.models import Favourite
from restaurants.selectors import list_favourites
from restaurants.services.favourites import set_favourite
from restaurants.tests.factories import RestaurantFactory

pytestmark = [pytest.mark.django_db]
LIST = "restaurants:favourite-list"


@pytest.fixture
def ada():
    return UserFactory.create()


@pytest.fixture
def trattoria():
    return RestaurantFactory.create(name="Trattoria Uno")


def toggle(client, restaurant, htmx=False, **data):
    url = reverse("restaurants:favourite-toggle", args=[restaurant.slug])
    return client.post(url, data, headers={"HX-Request": "true"} if htmx else {})


def test_a_favourite_is_kept_once_and_let_go(ada, trattoria):
    for _ in range(2):
        set_favourite(user=ada, restaurant_pk=trattoria.pk, wanted=True)
    assert ada.favourites.get().restaurant == trattoria

    for _ in range(2):
        set_favourite(user=ada, restaurant_pk=trattoria.pk, wanted=False)
    assert not ada.favourites.exists()


def test_somebody_makes_a_restaurant_a_favourite_and_no_longer(client, ada, trattoria):
    client.force_login(ada)

    kept = toggle(client, trattoria, want="on", next="/restaurants/")
    listed = client.get(reverse(LIST)).text
    toggle(client, trattoria, want="off")

    assert kept["Location"] == "/restaurants/"
    assert "Trattoria Uno" in listed
    assert "Open" in listed
    assert not Favourite.objects.exists()
    assert "No favourites yet." in client.get(reverse(LIST)).text


def test_to_htmx_only_the_button_is_answered(client, ada, trattoria):
    client.force_login(ada)

    answer = toggle(client, trattoria, htmx=True, want="on")

    assert "<html" not in answer.text
    assert 'aria-pressed="true"' in answer.text
    assert 'value="off"' in answer.text


def test_nobody_is_led_elsewhere(client, ada, trattoria):
    client.force_login(ada)

    answer = toggle(client, trattoria, want="on", next="https://evil.example/")

    assert answer["Location"] == trattoria.get_absolute_url()


def test_who_is_signed_out_signs_in_and_then_it_is_done(client, ada, trattoria):
    asked = toggle(client, trattoria, want="on")
    page = client.post(
        asked["Location"], {"username": ada.email, "password": PASSWORD}, follow=True
    )

    assert ada.favourites.get().restaurant == trattoria
    assert page.redirect_chain[-1][0] == trattoria.get_absolute_url()


def test_a_mere_link_makes_nothing_a_favourite(client, ada, trattoria):
    client.force_login(ada)

    answer = client.get(reverse("restaurants:favourite-toggle", args=[trattoria.slug]))

    assert answer["Location"] == trattoria.get_absolute_url()
    assert not Favourite.objects.exists()


def test_a_closed_favourite_says_so_and_one_that_left_is_not_listed(client, ada):
    asleep = RestaurantFactory.create(name="Asleep", hours=[])
    gone = RestaurantFactory.create(name="Gone", status="suspended")
    for restaurant in (asleep, gone):
        set_favourite(user=ada, restaurant_pk=restaurant.pk, wanted=True)
    client.force_login(ada)

    page = client.get(reverse(LIST)).text

    assert "This restaurant is closed." in page
    assert "Gone" not in page
    assert toggle(client, gone, want="on").status_code == 404


def test_the_newest_favourites_come_first_a_page_at_a_time(
    ada, django_assert_num_queries
):
    restaurants = RestaurantFactory.create_batch(5)
    for restaurant in restaurants:
        set_favourite(user=ada, restaurant_pk=restaurant.pk, wanted=True)
    now = timezone.now()

    with django_assert_num_queries(2):
        first = list_favourites(user=ada, moment=now, limit=3)
    rest = list_favourites(user=ada, moment=now, limit=3, cursor=first.next_cursor)

    found = [card.restaurant for page in (first, rest) for card in page.results]
    assert found == restaurants[::-1]
    assert rest.next_cursor == ""


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "9" * 4500, "\0"])
def test_an_odd_cursor_leads_to_the_start(client, ada, cursor):
    client.force_login(ada)

    assert client.get(reverse(LIST), {"cursor": cursor}).status_code == 302
