import pytest
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from customers.tests.factories import PASSWORD, UserFactory
from restaurants.models import Region, Restaurant
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
