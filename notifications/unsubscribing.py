"""The token in a mail that lets whoever has the mail stop more of its kind.

RFC 8058: one request, from a mail program that has no cookies, must do.
"""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

SALT = "notifications.unsubscribe"


def unsubscribe_url(*, user_pk: int, category: str) -> str:
    """Return the address that turns a category's mail off; it never expires."""
    token = Signer(salt=SALT).sign_object([user_pk, category])
    return f"{settings.SITE_URL}{reverse('notifications:unsubscribe', args=[token])}"


def read_unsubscribe_token(token: str) -> tuple[int, str] | None:
    """Return whose category a token is for; None if it is not one of ours."""
    try:
        user_pk, category = Signer(salt=SALT).unsign_object(token)
    except BadSignature:
        return None
    return int(user_pk), str(category)
