"""How a browser is known again: a key of its own in a cookie that outlives sessions."""

import hashlib
import secrets
from datetime import timedelta

from django.http import HttpRequest
from django.utils.translation import gettext as _

COOKIE = "browser"
COOKIE_AGE = timedelta(days=365)
SALT = "customers.browser"
LONGEST_KEY = 64

# What they say they are; who pretends to be another is named after it, so the most
# particular comes first.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_key_of(request: HttpRequest) -> str:
    """Return the key of a visitor's browser, a new one for a browser without.

    Empty where no answer will carry the cookie: outside `RememberBrowserMiddleware`.
    """
    if not hasattr(request, "browser_key"):
        return ""
    if not request.browser_key:
        request.browser_key = known_key_of(request) or secrets.token_urlsafe(24)
    return str(request.browser_key)


def known_key_of(request: HttpRequest) -> str:
    """Return the key in a visitor's cookie; empty without one that we signed."""
    key = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=COOKIE_AGE)
    return str(key)[:LONGEST_KEY]


def app_key_of(device_id: str) -> str:
    """Return the key of an app, made of the id that its installation keeps.

    Empty for none. It is no browser's: those are in cookies that we signed.
    """
    return f"app:{device_id}" if device_id else ""


def digest_of(key: str) -> str:
    """Return what is kept of the key in a browser's cookie."""
    return hashlib.sha256(key.encode()).hexdigest()


def describe_browser(agent: str) -> str:
    """Name a browser by its User-Agent: Firefox on Linux."""
    browser = _first_of(BROWSERS, agent)
    system = _first_of(SYSTEMS, agent)
    if browser and system:
        names = {"browser": browser, "system": system}
        return _("%(browser)s on %(system)s") % names
    return browser or system or _("An unknown browser")


def _first_of(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in table if mark in agent), "")
