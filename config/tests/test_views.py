import pytest
from django.urls import reverse

from customers.tests.factories import UserFactory


def test_health_names_what_answers(client, db):
    response = client.get("/healthz")
    assert response.json() == {"database": True, "redis": True}
    assert response.status_code == 200


def test_an_unknown_page_leads_back_to_the_start(client, db):
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "To the start" in response.text


@pytest.mark.parametrize(
    "name", ["home", "customers:place-choose", "notifications:preferences"]
)
def test_pages_of_who_is_signed_in_are_theirs_alone(client, db, name):
    client.force_login(UserFactory.create())

    assert client.get(reverse(name))["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "name",
    [
        *("customers:profile", "customers:address-list", "customers:address-add"),
        *("customers:security", "customers:email-change", "orders:order-list"),
        "notifications:inbox",
    ],
)
def test_what_is_known_of_somebody_does_not_stay_behind(client, db, name):
    client.force_login(UserFactory.create())

    assert "no-store" in client.get(reverse(name))["Cache-Control"]


def test_signing_in_leads_back_to_the_page_with_its_filters(client, db):
    page = client.get("/account/place/", {"q": "a&b", "next": "/cart/"}).text

    after = "/account/place/%3Fq%3Da%2526b%26next%3D%252Fcart%252F"
    assert f'href="{reverse("customers:sign-in")}?next={after}"' in page


def test_signing_in_never_leads_to_what_can_only_be_sent(client, db):
    page = client.post(reverse("customers:sign-in"), {"username": "x"}).text

    list_url = reverse("restaurants:restaurant-list")
    assert f'href="{reverse("customers:sign-in")}?next={list_url}"' in page
