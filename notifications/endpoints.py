"""Which addresses of browsers may be posted to.

A browser's subscription names the address to post to, so whoever subscribes chooses
where this server connects: it must not be one of our own machines. Registration asks
`see_is_outside`, which looks the name up. Sending asks `see_is_plausible`, which needs
no network: it refuses other schemes and written-out inside addresses again, but not a
name that has come to mean an inside address since. Both let everything pass while the
settings have ALLOW_LOCAL_ENDPOINTS, for the simulator.
"""

import ipaddress
import re
import socket
from functools import lru_cache

from django.conf import settings

from notifications.exceptions import EndpointError

# Nothing that two programs could read differently: no user, no space, no backslash.
is_plain = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:/[!-\[\]-~]*)?"
).fullmatch
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
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global and not address.is_multicast
