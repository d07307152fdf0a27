"""An operator acts as an owner: only with a reason, seen by all, and kept."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from restaurants.exceptions import NotAllowedError, WrongStatusError
from restaurants.models import ActingSession, Restaurant
from restaurants.owner_site import own_restaurants
from restaurants.selectors import list_portals
from restaurants.services.acting import end_acting, start_acting
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return UserFactory(is_staff=True, is_superuser=True, name="Ana Operator")


def begin(client, restaurant, reason="They called about their menu."):
    page = reverse("admin:restaurants_restaurant_act", args=[restaurant.pk])
    return client.post(page, {"reason": reason})


def test_an_operator_opens_the_portal_and_everybody_can_see_it(client, operator):
    restaurant = RestaurantFactory()
    client.force_login(operator)

    answer = begin(client, restaurant)
    page = client.get(reverse("owner:people", args=[restaurant.pk]))

    assert answer.url == reverse("owner:index")
    assert page.status_code == 200
    text = " ".join(page.content.decode().split())
    assert f"You act for <strong>{restaurant.name}</strong> as Ana Operator" in text
    session = ActingSession.objects.get()
    assert session.reason == "They called about their menu."
    entry = LogEntry.objects.get()
    assert "They called" in entry.change_message
    assert entry.get_edited_object() == session


def test_who_acts_is_told_apart_from_a_member(operator):
    restaurant = RestaurantFactory()
    start_acting(restaurant_pk=restaurant.pk, operator=operator, reason="x")
    owner = MembershipFactory(restaurant=restaurant).user

    assert list_portals(operator).acting == {restaurant.pk}
    assert list_portals(owner).acting == set()


def test_an_owner_sees_no_banner(client, operator):
    owner = MembershipFactory()
    start_acting(restaurant_pk=owner.restaurant_id, operator=operator, reason="x")
    client.force_login(owner.user)

    page = client.get(reverse("owner:people", args=[owner.restaurant_id]))

    assert "You act for" not in page.content.decode()


def test_without_a_reason_nothing_opens(client, operator):
    restaurant = RestaurantFactory()
    client.force_login(operator)

    answer = begin(client, restaurant, reason=" ")

    assert answer.status_code == 200
    assert not ActingSession.objects.exists()


def test_stopping_closes_the_portal_at_once(client, operator):
    restaurant = RestaurantFactory()
    client.force_login(operator)
    begin(client, restaurant)

    client.post(reverse("admin:restaurants_actingsession_stop"))

    page = client.get(reverse("owner:people", args=[restaurant.pk]))
    assert page.status_code == 302
    assert ActingSession.objects.get().ended_at is not None


def test_a_session_ends_by_itself(operator):
    restaurant = RestaurantFactory()
    start_acting(restaurant_pk=restaurant.pk, operator=operator, reason="x")
    assert list(own_restaurants(operator)) == [restaurant]

    ActingSession.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert not own_restaurants(operator).exists()


def test_another_restaurant_ends_the_first_session(operator):
    first, second = RestaurantFactory(), RestaurantFactory()
    start_acting(restaurant_pk=first.pk, operator=operator, reason="x")

    start_acting(restaurant_pk=second.pk, operator=operator, reason="x")

    assert list(own_restaurants(operator)) == [second]
    assert ActingSession.objects.count() == 2
    assert end_acting(operator=operator)
    assert not end_acting(operator=operator)


@pytest.mark.parametrize("status", ["pending", "refused"])
def test_a_restaurant_without_a_portal_cannot_be_acted_for(operator, status):
    restaurant = RestaurantFactory(status=status)

    with pytest.raises(WrongStatusError):
        start_acting(restaurant_pk=restaurant.pk, operator=operator, reason="x")


def test_it_takes_the_permission(client):
    restaurant = RestaurantFactory()
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_restaurant"))
    client.force_login(clerk)

    assert begin(client, restaurant).status_code == 403
    with pytest.raises(NotAllowedError):
        start_acting(restaurant_pk=restaurant.pk, operator=clerk, reason="x")
    with pytest.raises(NotAllowedError):
        start_acting(restaurant_pk=restaurant.pk, operator=UserFactory(), reason="x")


def test_sessions_are_listed_and_cannot_be_changed(client, operator):
    restaurant = RestaurantFactory()
    session = start_acting(restaurant_pk=restaurant.pk, operator=operator, reason="Why")
    client.force_login(operator)

    page = client.get(reverse("admin:restaurants_actingsession_changelist"))
    change = reverse("admin:restaurants_actingsession_change", args=[session.pk])
    answer = client.post(change, {"reason": "Another"})

    assert "Why" in page.content.decode()
    assert answer.status_code == 403
    assert ActingSession.objects.get().reason == "Why"


def test_suspending_asks_first(client, operator):
    restaurant = RestaurantFactory()
    client.force_login(operator)
    page = reverse("admin:restaurants_restaurant_changelist")
    chosen = {"action": "suspend", "_selected_action": [restaurant.pk]}

    asked = client.post(page, chosen)
    assert Restaurant.objects.get().status == "live"
    client.post(page, {**chosen, "confirmed": "1"})

    assert restaurant.name in asked.content.decode()
    assert Restaurant.objects.get().status == "suspended"
    client.post(page, {**chosen, "action": "reinstate"})
    assert Restaurant.objects.get().status == "live"
