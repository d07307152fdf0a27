import pytest
from django.test import Client
from django.urls import reverse

from customers.models import User
from customers.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_an_operator_sees_users_and_addresses(client: Client) -> None:
    address = AddressFactory.create()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    for name, pk in [("user", address.user_id), ("address", address.pk)]:
        list_page = client.get(reverse(f"admin:customers_{name}_changelist"))
        page = client.get(reverse(f"admin:customers_{name}_change", args=[pk]))

        assert (list_page.status_code, page.status_code) == (200, 200)


def test_an_operator_adds_a_user(client: Client) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    client.post(
        reverse("admin:customers_user_add"),
        {
            "email": "grace@example.com",
            "usable_password": "true",
            "password1": "better-horse-staple",
            "password2": "better-horse-staple",
            "addresses-TOTAL_FORMS": "0",
            "addresses-INITIAL_FORMS": "0",
        },
    )

    assert User.objects.get(email="grace@example.com").check_password(
        "better-horse-staple"
    )


def test_a_customer_does_not_get_into_the_operators_admin(client: Client) -> None:
    client.force_login(UserFactory.create())

    response = client.get(reverse("admin:customers_user_changelist"))

    assert response.status_code == 302
