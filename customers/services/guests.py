"""People who order without an account."""

from customers.models import User


def register_guest(
    *, email: str, name: str, phone: str, locale: str = "en", time_zone: str = "UTC"
) -> User:
    """Keep who is to be told about an order; never an account, nobody signs in to it.

    Each order makes a guest of its own, also when the email is an account's or another
    guest's: knowing an email shows nothing of what else was ordered with it.
    """
    return User.objects.create_user(
        email,
        None,
        name=name,
        phone=phone,
        locale=locale,
        time_zone=time_zone,
        is_guest=True,
    )
