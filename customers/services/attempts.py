"""By what it is counted that somebody tries to get into an account."""

from customers.browsers import digest_of
from customers.selectors import is_browser_of_account
from customers.throttling import (
    LINKS_BY_ONE,
    LINKS_PER_EMAIL,
    LINKS_PER_PLACE,
    SIGN_INS_BY_ONE,
    SIGN_INS_PER_EMAIL,
    SIGN_INS_PER_PLACE,
    Attempt,
    Limit,
)


def list_sign_in_attempts(
    *, email: str, place: str, browser_key: str
) -> tuple[Attempt, ...]:
    """Return what a sign-in spends: who signs in, from where, with which browser."""
    limits = (SIGN_INS_BY_ONE, SIGN_INS_PER_PLACE, SIGN_INS_PER_EMAIL)
    return _attempts(limits, email, place, browser_key)


def list_link_attempts(
    *, email: str, place: str, browser_key: str
) -> tuple[Attempt, ...]:
    """Return what asking for a link by mail spends."""
    limits = (LINKS_BY_ONE, LINKS_PER_PLACE, LINKS_PER_EMAIL)
    return _attempts(limits, email, place, browser_key)


def _attempts(
    limits: tuple[Limit, Limit, Limit], email: str, place: str, browser_key: str
) -> tuple[Attempt, ...]:
    by_one, per_place, per_email = limits
    if browser_key and is_browser_of_account(email=email, browser_key=browser_key):
        # Counted apart: what strangers do must not keep the owner out.
        return ((by_one, f"browser {digest_of(browser_key)} {email}"),)
    # The first that is over its limit ends it, so that one place alone cannot use up
    # what all places together may try.
    return ((by_one, f"{email} from {place}"), (per_place, place), (per_email, email))
