"""Opening an account and changing it."""

from django.db import IntegrityError, transaction

from customers.exceptions import EmailTakenError
from customers.models import User


def register_user(
    *,
    email: str,
    password: str,
    name: str = "",
    phone: str = "",
    time_zone: str = "UTC",
    locale: str = "en",
) -> User:
    """Open an account; raises EmailTakenError, also when two ask at once."""
    try:
        with transaction.atomic():
            return User.objects.create_user(
                email,
                password,
                name=name,
                phone=phone,
                time_zone=time_zone,
                locale=locale,
            )
    except IntegrityError as error:
        raise EmailTakenError from error


@transaction.atomic
def change_profile(
    *, user_pk: int, name: str, phone: str, time_zone: str, locale: str
) -> User:
    """Change how a user is called, reached and shown times."""
    user = User.objects.select_for_update().get(pk=user_pk)
    user.name = name
    user.phone = phone
    user.time_zone = time_zone
    user.locale = locale
    user.save(update_fields=["name", "phone", "time_zone", "locale"])
    return user
