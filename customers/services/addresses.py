"""Where a customer wants food brought to."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from customers.exceptions import TooManyAddressesError
from customers.models import Address, User

MAX_ADDRESSES = 50


@dataclass(frozen=True, slots=True)
class AddressFields:
    """What a customer says about an address; coordinates in WGS 84 degrees."""

    street_address: str
    latitude: Decimal
    longitude: Decimal
    label: str = ""
    locality: str = ""
    postal_code: str = ""
    country: str = ""
    delivery_instructions: str = ""


@transaction.atomic
def add_address(
    *, customer_pk: int, fields: AddressFields, choose: bool = True
) -> Address:
    """Keep an address; the first one is chosen whatever was asked."""
    _lock_customer(customer_pk)
    addresses = Address.objects.filter(user_id=customer_pk)
    count = addresses.count()
    if count >= MAX_ADDRESSES:
        raise TooManyAddressesError
    is_chosen = choose or count == 0
    if is_chosen:
        addresses.filter(is_chosen=True).update(is_chosen=False)
    address = Address(user_id=customer_pk, is_chosen=is_chosen)
    _write_fields(address, fields)
    address.save()
    return address


@transaction.atomic
def update_address(*, address_pk: int, fields: AddressFields) -> Address:
    """Rewrite an address; orders already placed keep the copy they took."""
    address = Address.objects.select_for_update().get(pk=address_pk)
    _write_fields(address, fields)
    address.save()
    return address


@transaction.atomic
def choose_address(*, customer_pk: int, address_pk: int) -> Address:
    """Deliver to this address from now on."""
    _lock_customer(customer_pk)
    addresses = Address.objects.filter(user_id=customer_pk)
    address = addresses.get(pk=address_pk)
    # Two statements in this order: the unique index allows one chosen at a time.
    addresses.filter(is_chosen=True).exclude(pk=address_pk).update(is_chosen=False)
    address.is_chosen = True
    address.save(update_fields=["is_chosen"])
    return address


@transaction.atomic
def delete_address(*, customer_pk: int, address_pk: int) -> None:
    """Forget an address; if it was the chosen one, the newest takes its place."""
    _lock_customer(customer_pk)
    addresses = Address.objects.filter(user_id=customer_pk)
    address = addresses.get(pk=address_pk)
    was_chosen = address.is_chosen
    address.delete()
    newest = addresses.order_by("-created_at", "-pk").first()
    if was_chosen and newest is not None:
        newest.is_chosen = True
        newest.save(update_fields=["is_chosen"])


def _lock_customer(customer_pk: int) -> None:
    # "At most one chosen" spans several rows, so their owner's row is the lock. A key
    # share of it by another transaction, such as a new order, does not wait for this.
    User.objects.select_for_update(no_key=True).get(pk=customer_pk)


def _write_fields(address: Address, fields: AddressFields) -> None:
    address.label = fields.label
    address.street_address = fields.street_address
    address.locality = fields.locality
    address.postal_code = fields.postal_code
    address.country = fields.country
    address.latitude = fields.latitude
    address.longitude = fields.longitude
    address.delivery_instructions = fields.delivery_instructions
