"""Which addresses of browsers may be posted to.

A browser's subscription names the address to post to, and so does a partner's webhook:
whoever registers one chooses where this server connects, and it must not be one of our
own machines. Registration asks `see_is_outside`, which looks the name up. Sending asks
`see_is_plausible`, which needs no network: it refuses other schemes and written-out
inside addresses again. A name that has come to mean an inside address since is refused
by `may_connect`, which the transport asks of each connection, before it is made. All
let everything pass while the settings have ALLOW_LOCAL_ENDPOINTS, for the simulator.
"""

import ipaddress
import re
import socket
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from notifications.exceptions import EndpointError, WebhookAddressError

# Nothing that two programs could read differently: no user, no space, no backslash.
is_plain = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:/[!-\[\]-~]*)?"
).fullmatch
# Below these are mail, databases and the like: nobody's webhook.
HTTPS, LOWEST_PORT = 443, 1024
# Of an IPv4 address within one of IPv6 (RFC 6052): whose network it is decides.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LAST_32 = 2**32 - 1
# All of IPv6 that is given to anybody to be reached at; what is not, may be anything
# within: translators' prefixes of one's own, addresses of IPv4 in old forms.
UNICAST = ipaddress.IPv6Network("2000::/3")
# Ways to an IPv4 address that somebody else's relay takes: 6to4 and Teredo.
TUNNELS = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
INSIDE_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def see_is_plausible(url: str) -> None:
    """Raise EndpointError for what cannot be a push service's address."""
    found = is_plain(url)
    if found is None:
        raise EndpointError
    if _may_be_local():
        return
    if found["scheme"] != "https" or _is_inside(_name_in(found["host"])):
        raise EndpointError


def see_is_outside(url: str) -> None:
    """Raise EndpointError, too, where the name stands for an inside address."""
    see_is_plausible(url)
    found = is_plain(url)
    if found is None or _may_be_local():
        return
    name = _name_in(found["host"])
    try:
        known = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise EndpointError from error
    if not all(_is_global(str(place[4][0])) for place in known):
        raise EndpointError


def see_is_for_webhooks(url: str) -> None:
    """Raise WebhookAddressError for where no partner's server can be."""
    try:
        see_is_outside(url)
        port = urlsplit(url).port
    except (EndpointError, ValueError) as error:
        raise WebhookAddressError from error
    if port is not None and port != HTTPS and port < LOWEST_PORT:
        raise WebhookAddressError
    # It would never be sent; who writes one means something else by it.
    if "#" in url:
        raise WebhookAddressError


def may_connect(address: object) -> bool:
    """Tell whether a connection may be made to what a name was found to stand for."""
    return _may_be_local() or _is_global(str(address))


def origin_of(url: str) -> str:
    """Return scheme, host and port, as a signature for the service names them."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}".lower()


def _may_be_local() -> bool:
    return bool(settings.NOTIFICATIONS.get("ALLOW_LOCAL_ENDPOINTS"))


def _name_in(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


@lru_cache(maxsize=1000)
def _is_inside(name: str) -> bool:
    if "." not in name and ":" not in name:
        return True
    if name.endswith(tuple(f".{inside}" for inside in INSIDE_NAMES)):
        return True
    try:
        # "127.1", "0x7f.1" and the like are addresses as well.
        return not _is_global(str(ipaddress.ip_address(socket.inet_aton(name))))
    except OSError:
        pass
    return ":" in name and not _is_global(name)


def _is_global(text: str) -> bool:
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = _within(address) or address
    if isinstance(address, ipaddress.IPv6Address):
        is_reached = address in UNICAST and not any(address in it for it in TUNNELS)
        return is_reached and address.is_global
    return address.is_global and not address.is_multicast


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & LAST_32)
    return address.ipv4_mapped
