from customers.models import User


def choose_language(*, user_pk: int, locale: str) -> None:
    """Talk to a user in this language: a code of the settings' LANGUAGES."""
    User.objects.filter(pk=user_pk).update(locale=locale)
