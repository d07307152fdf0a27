"""Letters about an account that must not wait for, or be told by, the notifications.

They go to who may not be signed in, or to an email that is not the account's.
"""

import logging
from collections.abc import Mapping
from smtplib import SMTPException
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from customers.models import User
from customers.services.links import make_email_token, make_sign_in_link

logger = logging.getLogger(__name__)


def mail_sign_in_link(*, email: str, next_url: str = "") -> None:
    """Mail a link that signs in, if there is an open account with this email."""
    user = User.objects.find_account(email)
    if user is None or not user.is_active:
        return
    path = reverse("customers:sign-in-by-link", args=make_sign_in_link(user))
    if next_url:
        path += f"?{urlencode({'next': next_url})}"
    _send("sign_in_link", user, to=user.email, link=settings.SITE_URL + path)


def mail_new_email_link(*, user: User, email: str) -> None:
    """Mail a link that makes this email the account's; not to whom it belongs."""
    if User.objects.find_account(email) is not None:
        return
    token = make_email_token(user=user, email=email)
    path = reverse("customers:email-confirm", args=[token])
    _send("new_email", user, to=email, link=settings.SITE_URL + path, email=email)


def mail_email_changed(*, user: User, before: str) -> None:
    """Tell the email that an account had that it has another now."""
    _send("email_changed", user, to=before, email=user.email)


def mail_account_deleted(*, user: User) -> None:
    """Say goodbye to somebody whose account is deleted; the last we write."""
    _send("account_deleted", user, to=user.email)


def _send(name: str, user: User, *, to: str, **context: str) -> None:
    words: Mapping[str, object] = {**context, "name": user.get_short_name()}
    with translation.override(user.locale):
        subject = render_to_string(f"customers/{name}_subject.txt", words)
        mail = EmailMultiAlternatives(
            subject=" ".join(subject.split()),
            body=render_to_string(f"customers/{name}_email.txt", words),
            to=[to],
        )
        html = render_to_string(f"customers/{name}_email.html", words)
    mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except (OSError, SMTPException):
        # The answer must not tell that there was somebody to write to.
        logger.exception("The letter %s to user %s was not sent.", name, user.pk)
