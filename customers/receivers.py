"""What is done when somebody signs in, by whichever form or link."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from customers.browsers import browser_key_of, describe_browser
from customers.services import note_sign_in


def heed_sign_in(
    sender: object, request: HttpRequest, user: Any, **kwargs: Any
) -> None:
    """Remember the browser; tell who signed in if it is a new one."""
    key = browser_key_of(request)
    if key:
        agent = request.headers.get("User-Agent", "")
        note_sign_in(user_pk=user.pk, browser_key=key, label=describe_browser(agent))


def connect() -> None:
    user_logged_in.connect(
        heed_sign_in, dispatch_uid="customers.heed_sign_in", weak=False
    )
