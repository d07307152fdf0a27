"""Letters about an account that must not wait for, or be told by, the notifications.

They go to who may not be signed in, or to an email that is not the account's. Links are
made and mailed by a worker: how long an answer takes must not tell who has an account.
"""

import logging
from collections.abc import Callable, Mapping
from smtplib import SMTPException
from urllib.parse import urlencode

from celery import current_app
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from kombu.exceptions import OperationalError

from customers.models import User
from customers.services.links import make_email_token, make_sign_in_link, part_of_link

logger = logging.getLogger(__name__)

MAIL_LINK = "customers.tasks.mail_link"
NOBODY = 0


def mail_sign_in_link(*, email: str, next_url: str = "") -> None:
    """Have a link mailed that signs in, if there is an account with this email."""
    user = User.objects.find_account(email)
    _hand_over("sign_in", user.pk if user else NOBODY, next_url)


def mail_password_link(*, email: str) -> None:
    """Have a link mailed to choose a new password, to who has an account and one."""
    user = User.objects.find_account(email)
    _hand_over("password", user.pk if user else NOBODY, "")


def mail_new_email_link(*, user: User, email: str) -> None:
    """Have a link mailed that makes this email the account's; not to whom it is."""
    _hand_over("new_email", user.pk, email)


def _hand_over(kind: str, user_pk: int, more: str) -> None:
    if settings.MAIL_BY_WORKER:
        try:
            current_app.send_task(MAIL_LINK, args=[kind, user_pk, more], retry=False)
        except OperationalError as error:
            logger.warning("A letter is mailed without a worker: %s", error)
        else:
            return
    write_link(kind=kind, user_pk=user_pk, more=more)


def write_link(*, kind: str, user_pk: int, more: str = "") -> None:
    """Make a link of a kind and mail it to a user, while their account is open.

    More is where a sign-in leads, or the new email.
    """
    user = User.objects.filter(pk=user_pk, is_active=True, is_guest=False).first()
    if user is not None:
        LETTERS[kind](user, more)


def _write_sign_in(user: User, next_url: str) -> None:
    path = reverse("customers:sign-in-by-link", args=make_sign_in_link(user))
    if next_url:
        path += f"?{urlencode({'next': next_url})}"
    _send("sign_in_link", user, to=user.email, link=settings.SITE_URL + path)


def _write_password(user: User, _more: str) -> None:
    if not user.has_usable_password():
        return
    parts = [part_of_link(user), default_token_generator.make_token(user)]
    path = reverse("customers:password-reset-confirm", args=parts)
    _send("password_reset", user, to=user.email, link=settings.SITE_URL + path)


def _write_new_email(user: User, email: str) -> None:
    if User.objects.find_account(email) is not None:
        return
    token = make_email_token(user=user, email=email)
    path = reverse("customers:email-confirm", args=[token])
    _send("new_email", user, to=email, link=settings.SITE_URL + path, email=email)


LETTERS: Mapping[str, Callable[[User, str], None]] = {
    "sign_in": _write_sign_in,
    "password": _write_password,
    "new_email": _write_new_email,
}


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
