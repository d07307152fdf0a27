"""The app's surface: import services from here."""

from customers.services.accounts import (
    change_password,
    change_profile,
    heed_password_change,
    register_user,
)
from customers.services.addresses import (
    MAX_ADDRESSES,
    AddressFields,
    add_address,
    choose_address,
    delete_address,
    update_address,
)
from customers.services.app_sessions import (
    Tokens,
    clear_old_tokens,
    end_app_session,
    end_app_sessions,
    refresh_app,
    sign_in_app,
)
from customers.services.attempts import list_link_attempts, list_sign_in_attempts
from customers.services.browsers import (
    note_sign_in,
    sign_out_elsewhere,
    sign_out_everywhere,
)
from customers.services.guests import register_guest
from customers.services.language import choose_language
from customers.services.links import (
    change_email,
    find_by_sign_in_link,
    make_email_token,
    make_sign_in_link,
    read_email_token,
    use_sign_in_link,
)
from customers.services.mailing import (
    mail_account_deleted,
    mail_email_changed,
    mail_new_email_link,
    mail_password_link,
    mail_sign_in_link,
    write_link,
)
from customers.services.phones import can_send_codes, send_phone_code, verify_phone
from customers.services.sign_ins import sign_in_device

__all__ = [
    "MAX_ADDRESSES",
    "AddressFields",
    "Tokens",
    "add_address",
    "can_send_codes",
    "change_email",
    "change_password",
    "change_profile",
    "choose_address",
    "choose_language",
    "clear_old_tokens",
    "delete_address",
    "end_app_session",
    "end_app_sessions",
    "find_by_sign_in_link",
    "heed_password_change",
    "list_link_attempts",
    "list_sign_in_attempts",
    "mail_account_deleted",
    "mail_email_changed",
    "mail_new_email_link",
    "mail_password_link",
    "mail_sign_in_link",
    "make_email_token",
    "make_sign_in_link",
    "note_sign_in",
    "read_email_token",
    "refresh_app",
    "register_guest",
    "register_user",
    "send_phone_code",
    "sign_in_app",
    "sign_in_device",
    "sign_out_elsewhere",
    "sign_out_everywhere",
    "update_address",
    "use_sign_in_link",
    "verify_phone",
    "write_link",
]
