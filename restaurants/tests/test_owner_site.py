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


def hours(*rows: tuple[int, str, str]) -> dict[str, object]:
    form: dict[str, object] = {
        "opening_hours-TOTAL_FORMS": len(rows),
        "opening_hours-INITIAL_FORMS": 0,
        "special_hours-TOTAL_FORMS": 0,
        "special_hours-INITIAL_FORMS": 0,
        "name": "Da Ugo",
        "latitude": "37.7599",
        "longitude": "-122.4148",
        "delivery_radius": "5000",
        "delivery_fee": "2.50",
        "minimum_order": "10",
        "tax_rate": "8.5",
        "preparation_minutes": "20",
        "answer_minutes": "10",
    }
    for index, (weekday, opens_at, closes_at) in enumerate(rows):
        prefix = f"opening_hours-{index}"
        form |= {
            f"{prefix}-weekday": weekday,
            f"{prefix}-opens_at": opens_at,
            f"{prefix}-closes_at": closes_at,
        }
    return form


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


def test_saved_hours_and_terms_count_at_once(client: Client) -> None:
    membership = MembershipFactory.create(restaurant__hours=[])
    restaurant = membership.restaurant
    client.force_login(membership.user)

    response = client.post(
        reverse("owner:restaurants_restaurant_change", args=[restaurant.pk]),
        hours((4, "20:00", "02:00"), (4, "11:00", "14:00")),
    )

    saved = Restaurant.objects.get(pk=restaurant.pk)
    assert response.status_code == 302
    assert saved.delivery_radius == 5000
    assert saved.open_spans != restaurant.open_spans


def test_overlapping_hours_are_refused_with_a_clear_message(client: Client) -> None:
    membership = MembershipFactory.create(restaurant__hours=[])
    client.force_login(membership.user)

    response = client.post(
        reverse("owner:restaurants_restaurant_change", args=[membership.restaurant_id]),
        hours((4, "20:00", "02:00"), (5, "01:00", "03:00")),
    )

    assert "overlap" in response.content.decode()
    assert not membership.restaurant.opening_hours.exists()


def test_an_owner_cannot_approve_their_own_restaurant(client: Client) -> None:
    membership = MembershipFactory.create(restaurant__status="pending")
    client.force_login(membership.user)

    client.post(
        reverse("owner:restaurants_restaurant_change", args=[membership.restaurant_id]),
        {**hours(), "status": "live"},
    )

    assert Restaurant.objects.get().status == "pending"
