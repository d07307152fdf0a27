"""The app's surface: import services from here."""

from customers.services.accounts import change_profile, register_user
from customers.services.addresses import (
    MAX_ADDRESSES,
    AddressFields,
    add_address,
    choose_address,
    delete_address,
    update_address,
)

__all__ = [
    "MAX_ADDRESSES",
    "AddressFields",
    "add_address",
    "change_profile",
    "choose_address",
    "delete_address",
    "register_user",
    "update_address",
]
