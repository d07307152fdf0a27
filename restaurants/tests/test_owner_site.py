from datetime import timedelta

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from customers.models import User
from customers.tests.factories import PASSWORD, UserFactory
from restaurants.models import Membership, Region, Restaurant
from restaurants.owner_site import OwnerSite
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


PROFILE = {"name": "Da Ugo", "latitude": "37.7599", "longitude": "-122.4148"}


def test_the_portal_refuses_an_admin_that_is_not_scoped() -> None:
    with pytest.raises(ImproperlyConfigured):
        OwnerSite("test").register(Region, ModelAdmin)


def test_an_owner_who_is_not_staff_signs_in(client: Client) -> None:
    owner = MembershipFactory.create().user

    response = client.post(
        reverse("owner:login"), {"username": owner.email, "password": PASSWORD}
    )

    assert response.status_code == 302


def test_a_customer_is_told_where_to_go_instead(client: Client) -> None:
    customer = UserFactory.create()

    response = client.post(
        reverse("owner:login"), {"username": customer.email, "password": PASSWORD}
    )

    assert "does not run a restaurant" in response.content.decode()


def test_an_owner_cannot_approve_their_own_restaurant(client: Client) -> None:
    membership = MembershipFactory.create(restaurant__status="pending")
    client.force_login(membership.user)

    client.post(
        reverse("owner:restaurants_restaurant_change", args=[membership.restaurant_id]),
        {**PROFILE, "status": "live"},
    )

    assert Restaurant.objects.get().status == "pending"


def test_a_description_opened_before_a_pause_leaves_the_pause(client: Client) -> None:
    membership = MembershipFactory.create()
    page = reverse(
        "owner:restaurants_restaurant_change", args=[membership.restaurant_id]
    )
    client.force_login(membership.user)
    form = client.get(page).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields}
    until = timezone.now() + timedelta(minutes=30)
    Restaurant.objects.update(paused_until=until)

    answer = client.post(
        page,
        {
            **{name: value for name, value in typed.items() if value},
            "paused_until_0": "",
            "paused_until_1": "",
            "description": "By the park.",
        },
    )

    restaurant = Restaurant.objects.get()
    assert answer.status_code == 302
    assert restaurant.description == "By the park."
    assert restaurant.paused_until == until


def note(restaurant: Restaurant, user: User, words: str) -> None:
    LogEntry.objects.log_actions(user.pk, [restaurant], CHANGE, words)


def test_a_history_shows_what_members_did_and_no_operator(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    membership = MembershipFactory.create(role=Membership.Role.MANAGER)
    restaurant = membership.restaurant
    operator = UserFactory.create(email="ana@tiffin.example", is_staff=True)
    elsewhere = MembershipFactory.create().user
    note(restaurant, operator, "Acted as the owner: Suspected fraud")
    note(restaurant, elsewhere, "Of another restaurant")
    note(restaurant, membership.user, "Changed the phone number")
    client.force_login(membership.user)
    page = reverse("owner:restaurants_restaurant_history", args=[restaurant.pk])

    with CaptureQueriesContext(connection) as few:
        text = client.get(page).content.decode()
    for number in range(5):
        colleague = MembershipFactory.create(restaurant=restaurant).user
        note(restaurant, colleague, f"Change {number}")
    with django_assert_num_queries(len(few)):
        more = client.get(page).content.decode()

    assert "Changed the phone number" in text
    for leak in ("Suspected fraud", "ana@tiffin.example", "Of another restaurant"):
        assert leak not in text
    assert "Change 4" in more


def test_the_history_of_another_restaurant_stays_closed(client: Client) -> None:
    client.force_login(MembershipFactory.create().user)
    other = MembershipFactory.create()
    note(other.restaurant, other.user, "A secret")

    for key in (other.restaurant_id, "nonsense"):
        page = reverse("owner:restaurants_restaurant_history", args=[key])
        answer = client.get(page)
        assert answer.status_code == 302
