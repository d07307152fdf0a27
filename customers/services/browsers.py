"""The browsers that somebody signs in with: a new one is told to them."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from customers.browsers import digest_of
from customers.exceptions import WrongPasswordError
from customers.models import KnownBrowser, User
from customers.notifications import tell_new_sign_in, tell_signed_out_elsewhere
from customers.services.app_sessions import end_app_sessions

MAX_BROWSERS = 50
# Who opens an account signs in with it at once.
JUST_OPENED = timedelta(hours=1)


@transaction.atomic
def note_sign_in(*, user_pk: int, browser_key: str, label: str) -> KnownBrowser:
    """Remember that somebody signed in with a browser; tell them if it is a new one.

    The one that an account was just opened with is no news. Of an older one without
    known browsers each is: somebody may have seen to it that none is known.
    """
    now = timezone.now()
    user = User.objects.select_for_update(no_key=True).get(pk=user_pk)
    mine = KnownBrowser.objects.filter(user=user)
    is_first = not mine.exists() and now - user.date_joined < JUST_OPENED
    browser, is_new = mine.update_or_create(
        digest=digest_of(browser_key),
        defaults={"user": user, "label": label[:100], "last_seen_at": now},
    )
    if is_new and not is_first:
        tell_new_sign_in(browser)
        kept = mine.order_by("-last_seen_at", "-pk")[:MAX_BROWSERS]
        mine.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return browser


@transaction.atomic
def sign_out_elsewhere(
    *, user_pk: int, password: str, browser_key: str, label: str
) -> User:
    """Sign a user out wherever they are but here; raises WrongPasswordError.

    The caller renews the session it came by. Only the browser of that one is known
    afterwards.
    """
    user = _end_sessions(user_pk, password)
    this, _is_new = KnownBrowser.objects.get_or_create(
        user=user,
        digest=digest_of(browser_key),
        defaults={"label": label[:100], "last_seen_at": timezone.now()},
    )
    KnownBrowser.objects.filter(user=user).exclude(pk=this.pk).delete()
    return user


@transaction.atomic
def sign_out_everywhere(*, user_pk: int, password: str) -> None:
    """Sign a user out wherever they are, here as well; raises WrongPasswordError."""
    user = _end_sessions(user_pk, password)
    KnownBrowser.objects.filter(user=user).delete()


def _end_sessions(user_pk: int, password: str) -> User:
    """End a user's sessions by hashing their password anew, and tell them.

    A session holds a digest of the password's hash, so this ends them all, and links
    that were mailed as well. Apps have tokens instead.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user_pk)
    if user.has_usable_password():
        if not user.check_password(password):
            raise WrongPasswordError
        user.set_password(password)
    else:
        user.set_unusable_password()
    user.save(update_fields=["password"])
    end_app_sessions(user=user)
    tell_signed_out_elsewhere(user, at=timezone.now())
    return user
