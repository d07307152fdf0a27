"""A restaurant's webhooks stop when who answers for them no longer decides."""

import pytest
from django.urls import reverse

from customers.tests.factories import UserFactory
from notifications.exceptions import WebhookInactiveError
from notifications.tests.factories import WebhookEndpointFactory
from restaurants.models import Membership
from restaurants.notifications import about_of
from restaurants.services.webhooks import replay_webhook, send_test_webhook
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
Role = Membership.Role


@pytest.fixture
def site(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def webhook_of(membership):
    about = about_of(membership.restaurant.public_id)
    return WebhookEndpointFactory(owner=membership.user, about=about)


@pytest.fixture
def membership():
    return MembershipFactory(role=Role.OWNER)


@pytest.fixture
def webhook(membership):
    return webhook_of(membership)


@pytest.fixture
def other():
    """Put up the webhook of somebody whom nothing happens to."""
    return webhook_of(MembershipFactory(role=Role.OWNER))


def change(site, membership, **values):
    page = reverse("admin:restaurants_membership_change", args=[membership.pk])
    kept = {
        "user": membership.user_id,
        "restaurant": membership.restaurant_id,
        "role": membership.role,
    }
    assert site.post(page, {**kept, **values}).status_code == 302


def state_of(webhook):
    webhook.refresh_from_db()
    return webhook.is_active, webhook.disabled_because


STOPPED, RUNNING = (False, "owner_left"), (True, "")


def test_who_is_made_staff_by_an_operator(site, membership, webhook, other):
    change(site, membership, role=Role.STAFF)

    assert (state_of(webhook), state_of(other)) == (STOPPED, RUNNING)


def test_whose_membership_an_operator_gives_to_another(site, membership, webhook):
    change(site, membership, user=UserFactory().pk)

    assert state_of(webhook) == STOPPED


def test_whose_membership_an_operator_moves_elsewhere(site, membership, webhook):
    change(site, membership, restaurant=RestaurantFactory().pk)

    assert state_of(webhook) == STOPPED


def test_who_stays_an_owner_keeps_them(site, membership, webhook):
    change(site, membership)

    assert state_of(webhook) == RUNNING


def test_whose_membership_an_operator_deletes(site, membership, webhook, other):
    page = reverse("admin:restaurants_membership_delete", args=[membership.pk])

    site.post(page, {"post": "yes"})

    assert not Membership.objects.filter(pk=membership.pk).exists()
    assert (state_of(webhook), state_of(other)) == (STOPPED, RUNNING)


def test_whose_membership_goes_with_others(site, membership, webhook, other):
    site.post(
        reverse("admin:restaurants_membership_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [membership.pk],
            "post": "yes",
        },
    )

    assert not Membership.objects.filter(pk=membership.pk).exists()
    assert (state_of(webhook), state_of(other)) == (STOPPED, RUNNING)


def test_whose_membership_goes_on_the_restaurants_page(site, membership, webhook):
    restaurant_pk = membership.restaurant_id
    page = reverse("admin:restaurants_restaurant_change", args=[restaurant_pk])
    form = site.get(page).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    sent = {name: values[name] for name in values if values[name] not in (None, [])}
    del sent["picture"]
    for rows in ("opening_hours", "special_hours"):
        sent |= {f"{rows}-TOTAL_FORMS": 0, f"{rows}-INITIAL_FORMS": 0}
    row = {
        "TOTAL_FORMS": 1,
        "INITIAL_FORMS": 1,
        "0-id": membership.pk,
        "0-restaurant": restaurant_pk,
        "0-user": membership.user_id,
        "0-role": membership.role,
        "0-DELETE": "on",
    }
    sent |= {f"memberships-{name}": value for name, value in row.items()}

    answer = site.post(page, sent)

    assert answer.status_code == 302, answer.context["errors"]
    assert state_of(webhook) == STOPPED


def test_what_outlived_its_owners_say_is_neither_tested_nor_sent_again(
    membership, webhook
):
    successor = MembershipFactory(restaurant=membership.restaurant, role=Role.OWNER)
    # As if past all that stops it.
    Membership.objects.filter(pk=membership.pk).delete()
    asked = {
        "restaurant": membership.restaurant,
        "actor": successor.user,
        "webhook_id": webhook.public_id,
    }

    with pytest.raises(WebhookInactiveError):
        send_test_webhook(**asked)
    with pytest.raises(WebhookInactiveError):
        replay_webhook(**asked, message_pk=1)
