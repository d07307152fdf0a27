from dataclasses import replace
from decimal import Decimal

import pytest

from customers.exceptions import EmailTakenError, TooManyAddressesError
from customers.models import Address, User
from customers.services import (
    AddressFields,
    add_address,
    change_profile,
    choose_address,
    delete_address,
    register_user,
    update_address,
)
from customers.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db

HOME = AddressFields(
    street_address="2100 Mission Street",
    latitude=Decimal("37.762900"),
    longitude=Decimal("-122.419400"),
    label="Home",
)


def chosen(customer: User) -> list[str]:
    return list(
        Address.objects.filter(user=customer, is_chosen=True).values_list(
            "label", flat=True
        )
    )


def test_a_registered_user_can_sign_in() -> None:
    user = register_user(email="ada@example.com", password="correct-horse", name="Ada")

    assert User.objects.get().check_password("correct-horse")
    assert (user.name, user.is_staff, user.is_active) == ("Ada", False, True)


def test_one_email_in_another_case_is_refused() -> None:
    register_user(email="ada@example.com", password="correct-horse")

    with pytest.raises(EmailTakenError):
        register_user(email="ADA@example.com", password="correct-horse")

    assert User.objects.count() == 1


def test_a_profile_is_changed() -> None:
    user = UserFactory.create()

    change_profile(
        user_pk=user.pk,
        name="Grace",
        phone="+14155550199",
        time_zone="Europe/Berlin",
        locale="en",
    )

    user.refresh_from_db()
    assert (user.name, str(user.phone), user.time_zone) == (
        "Grace",
        "+14155550199",
        "Europe/Berlin",
    )


def test_the_first_address_is_chosen_whatever_was_asked() -> None:
    customer = UserFactory.create()

    add_address(customer_pk=customer.pk, fields=HOME, choose=False)

    assert chosen(customer) == ["Home"]


def test_a_new_address_takes_the_place_of_the_chosen_one() -> None:
    customer = UserFactory.create()
    add_address(customer_pk=customer.pk, fields=HOME)

    add_address(customer_pk=customer.pk, fields=replace(HOME, label="Work"))

    assert chosen(customer) == ["Work"]


def test_more_addresses_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.services.addresses.MAX_ADDRESSES", 1)
    customer = UserFactory.create()
    add_address(customer_pk=customer.pk, fields=HOME)

    with pytest.raises(TooManyAddressesError):
        add_address(customer_pk=customer.pk, fields=HOME)

    assert customer.addresses.count() == 1


def test_an_address_is_rewritten_and_stays_chosen() -> None:
    address = AddressFactory.create()

    update_address(address_pk=address.pk, fields=replace(HOME, label="Work"))

    assert chosen(address.user) == ["Work"]


def test_choosing_moves_the_choice_of_this_customer_only() -> None:
    other = AddressFactory.create(label="Theirs")
    customer = UserFactory.create()
    AddressFactory.create(user=customer, label="Home")
    work = AddressFactory.create(user=customer, label="Work", is_chosen=False)

    choose_address(customer_pk=customer.pk, address_pk=work.pk)

    assert chosen(customer) == ["Work"]
    assert chosen(other.user) == ["Theirs"]


def test_a_stranger_cannot_choose_or_delete_an_address() -> None:
    address = AddressFactory.create()
    stranger = UserFactory.create()

    with pytest.raises(Address.DoesNotExist):
        choose_address(customer_pk=stranger.pk, address_pk=address.pk)
    with pytest.raises(Address.DoesNotExist):
        delete_address(customer_pk=stranger.pk, address_pk=address.pk)

    assert Address.objects.get() == address


def test_deleting_the_chosen_address_chooses_the_newest_left() -> None:
    customer = UserFactory.create()
    home = AddressFactory.create(user=customer, label="Home")
    AddressFactory.create(user=customer, label="Old", is_chosen=False)
    AddressFactory.create(user=customer, label="New", is_chosen=False)

    delete_address(customer_pk=customer.pk, address_pk=home.pk)

    assert chosen(customer) == ["New"]


def test_deleting_the_last_address_leaves_none() -> None:
    address = AddressFactory.create()

    delete_address(customer_pk=address.user_id, address_pk=address.pk)

    assert not Address.objects.exists()
