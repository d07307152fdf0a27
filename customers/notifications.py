"""What people are told about the security of their account."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.models import KnownBrowser, User
from notifications.models import Channel, Priority
from notifications.opaque import opaque_id
from notifications.services.publishing import publish
from notifications.topics import Category, Kind, Topic, WhenUnknown, register

SECURITY = Category(name="security", label=_("Your account"), kind=Kind.SYSTEM)
CODE_AGE = timedelta(minutes=10)


def _register(name: str) -> Topic:
    return register(
        Topic(
            name=name,
            category=SECURITY,
            priority=Priority.CRITICAL,
            channels=(Channel.IN_APP, Channel.EMAIL, Channel.PUSH),
            time_to_live=timedelta(days=2),
        )
    )


NEW_SIGN_IN = _register("new_sign_in")
PASSWORD_CHANGED = _register("password_changed")
SIGNED_OUT_ELSEWHERE = _register("signed_out_elsewhere")
PHONE_CODE = register(
    Topic(
        name="phone_code",
        category=SECURITY,
        priority=Priority.CRITICAL,
        channels=(Channel.SMS,),
        # Afterwards it is good for nothing.
        time_to_live=CODE_AGE,
        when_unknown=WhenUnknown.HOLD,
        collapse="phone",
    )
)


def tell_new_sign_in(browser: KnownBrowser) -> None:
    """Tell somebody that a browser they never used has signed in."""
    _publish(
        NEW_SIGN_IN,
        browser.user,
        browser.last_seen_at,
        url=reverse("customers:security"),
        browser=browser.label,
    )


def tell_password_changed(user: User, *, at: datetime) -> None:
    """Tell somebody that their password is another."""
    _publish(PASSWORD_CHANGED, user, at, url=reverse("customers:password-reset"))


def tell_signed_out_elsewhere(user: User, *, at: datetime) -> None:
    """Tell somebody that all their other browsers were signed out."""
    _publish(SIGNED_OUT_ELSEWHERE, user, at, url=reverse("customers:security"))


def tell_phone_code(user: User, *, code: str, sent_at: datetime) -> None:
    """Text somebody the code that verifies their phone."""
    _publish(PHONE_CODE, user, sent_at, phone=str(user.phone), code=code)


def _publish(topic: Topic, user: User, at: datetime, **context: str) -> None:
    publish(
        topic=topic,
        recipients=[user.pk],
        key=f"{topic.name}:{user.pk}:{at.isoformat()}",
        context={
            "subject": {"kind": "account", "id": str(opaque_id("user", user.pk))},
            "at": at.isoformat(),
            "time_zone": user.time_zone,
            "site_url": settings.SITE_URL,
            **context,
        },
    )
