"""What customers see of their account; by use case."""

from customers.views.accounts import (
    SignInView,
    SignOutView,
    sign_in_by_link,
    sign_in_link,
    sign_in_link_sent,
    sign_up,
)
from customers.views.addresses import (
    address_add,
    address_choose,
    address_delete,
    address_edit,
    address_list,
)
from customers.views.passwords import (
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetSentView,
    PasswordResetView,
)
from customers.views.places import place_around, place_choose, place_suggestions
from customers.views.profile import (
    email_change,
    email_change_sent,
    email_confirm,
    phone_send_code,
    phone_verify,
    profile,
)
from customers.views.security import security

__all__ = [
    "PasswordChangeView",
    "PasswordResetConfirmView",
    "PasswordResetSentView",
    "PasswordResetView",
    "SignInView",
    "SignOutView",
    "address_add",
    "address_choose",
    "address_delete",
    "address_edit",
    "address_list",
    "email_change",
    "email_change_sent",
    "email_confirm",
    "phone_send_code",
    "phone_verify",
    "place_around",
    "place_choose",
    "place_suggestions",
    "profile",
    "security",
    "sign_in_by_link",
    "sign_in_link",
    "sign_in_link_sent",
    "sign_up",
]
