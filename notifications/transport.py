"""Many HTTP requests at once over few long-lived HTTP/2 connections: libcurl's multi.

Not for several threads: each has its own (`get_transport`).
"""

import os
import socket
import threading
from collections import defaultdict
from io import BytesIO
from typing import Any, NamedTuple

import pycurl
from django.conf import settings

from notifications.endpoints import may_connect
from notifications.providers.base import Request, Response

CONNECTIONS = 4
STREAMS = 1000
SECONDS = 10
CONNECT_SECONDS = 5
# Of an answer from a server that others chose: what is kept, and what is read.
GUARDED_SECONDS = 15
MOST_KEPT = 4096
MOST_READ = 256 * 1024
INSIDE = "The name stands for an address that is not public."
NEVER_LEFT = {
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_URL_MALFORMAT,
}


class Failure(NamedTuple):
    """No answer came. Unless `has_left`, nobody can have seen the request."""

    reason: str
    has_left: bool


class Opened:
    """A socket that curl makes its own copy of."""

    def __init__(self, made: socket.socket) -> None:
        self._number = made.detach()

    def fileno(self) -> int:
        return self._number

    def __del__(self) -> None:
        os.close(self._number)


class Guard:
    """What a request to an address that others chose may do."""

    def __init__(self, curl: pycurl.Curl) -> None:
        self.parts: list[bytes] = []
        self.read = 0
        self.is_refused = False
        curl.setopt(pycurl.TIMEOUT, GUARDED_SECONDS)
        curl.setopt(pycurl.WRITEFUNCTION, self.take)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self.open)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        # None, whatever the environment says: a proxy would look the name up again.
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS | pycurl.PROTO_HTTP)

    def begin(self) -> None:
        self.parts.clear()
        self.read, self.is_refused = 0, False

    def open(self, purpose: int, address: Any) -> Opened | int:
        """Open a socket, unless what the name stands for now is inside."""
        del purpose
        if not may_connect(address.addr[0]):
            self.is_refused = True
            return pycurl.SOCKET_BAD
        return Opened(socket.socket(address.family, address.socktype, address.protocol))

    def take(self, part: bytes) -> int | None:
        """Keep the beginning of an answer; None is all of it, 0 breaks it off."""
        if self.read < MOST_KEPT:
            self.parts.append(part[: MOST_KEPT - self.read])
        self.read += len(part)
        return 0 if self.is_over else None

    @property
    def is_over(self) -> bool:
        """Tell whether it is so long that it was broken off."""
        return self.read > MOST_READ


class Slot:
    """A reusable request."""

    __slots__ = ("curl", "guard", "headers", "is_once", "parts", "tag", "url")

    def __init__(self, *, is_once: bool, is_guarded: bool = False) -> None:
        self.is_once = is_once
        self.curl = curl = pycurl.Curl()
        self.parts: list[bytes] = []
        self.url = ""
        self.headers: list[str] | None = None
        self.tag: Any = None
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(pycurl.PIPEWAIT, 1)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.TIMEOUT, SECONDS)
        curl.setopt(pycurl.CONNECTTIMEOUT, CONNECT_SECONDS)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)
        curl.setopt(pycurl.WRITEFUNCTION, self.parts.append)
        if bundle := settings.NOTIFICATIONS.get("CA_BUNDLE"):
            curl.setopt(pycurl.CAINFO, bundle)
        self.guard = Guard(curl) if is_guarded else None
        if self.guard is not None:
            self.parts = self.guard.parts

    def load(self, request: Request, tag: object) -> None:
        self.tag = tag
        self.parts.clear()
        if self.guard is not None:
            self.guard.begin()
            self.curl.setopt(pycurl.PIPEWAIT, 0 if request.is_impatient else 1)
        if request.url != self.url:
            self.url = request.url
            self.curl.setopt(pycurl.URL, request.url)
        if request.headers is not self.headers:
            self.headers = request.headers
            self.curl.setopt(pycurl.HTTPHEADER, request.headers)
        if self.is_once:
            # Where a connection that was used before breaks, curl of itself posts the
            # body again, though the first may have been read: unless it cannot rewind.
            self.curl.setopt(pycurl.POSTFIELDSIZE, len(request.body))
            self.curl.setopt(pycurl.READFUNCTION, BytesIO(request.body).read)
        else:
            self.curl.setopt(pycurl.POSTFIELDS, request.body)

    def answer(self) -> Response:
        curl = self.curl
        wait = curl.getinfo(pycurl.RETRY_AFTER)
        return Response(
            curl.getinfo(pycurl.RESPONSE_CODE),
            b"".join(self.parts),
            float(wait) if wait else None,
        )


class Transport:
    def __init__(self) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, CONNECTIONS)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, STREAMS)
        self._idle: defaultdict[tuple[bool, bool], list[Slot]] = defaultdict(list)
        self._busy: dict[pycurl.Curl, Slot] = {}

    def __len__(self) -> int:
        """Return how many requests are under way."""
        return len(self._busy)

    def start(self, request: Request, tag: object) -> None:
        """Begin a request; its answer comes from `turn` with the tag."""
        idle = self._idle[request.is_once, request.is_guarded]
        slot = (
            idle.pop()
            if idle
            else Slot(is_once=request.is_once, is_guarded=request.is_guarded)
        )
        slot.load(request, tag)
        self._busy[slot.curl] = slot
        self._multi.add_handle(slot.curl)

    def turn(self, wait: float) -> list[tuple[Any, Response | Failure]]:
        """Move bytes; return what was answered. Waits at most so many seconds."""
        if wait and self._busy:
            self._multi.select(wait)
        self._multi.perform()
        answers: list[tuple[Any, Response | Failure]] = []
        left = 1
        while left:
            left, done, failed = self._multi.info_read(1000)
            for curl in done:
                slot = self._release(curl)
                answers.append((slot.tag, slot.answer()))
            for curl, code, reason in failed:
                slot = self._release(curl)
                guard = slot.guard
                if guard is not None and guard.is_over:
                    answers.append((slot.tag, slot.answer()))
                elif guard is not None and guard.is_refused:
                    answers.append((slot.tag, Failure(INSIDE, has_left=False)))
                else:
                    answers.append((slot.tag, _failure(curl, code, reason)))
        return answers

    def _release(self, curl: pycurl.Curl) -> Slot:
        self._multi.remove_handle(curl)
        slot = self._busy.pop(curl)
        self._idle[slot.is_once, slot.guard is not None].append(slot)
        return slot


def _failure(curl: pycurl.Curl, code: int, reason: str) -> Failure:
    # Nothing is transferred before a connection is ready.
    has_left = code == pycurl.E_SEND_FAIL_REWIND or (
        code not in NEVER_LEFT and curl.getinfo(pycurl.PRETRANSFER_TIME) > 0
    )
    return Failure(reason, has_left)


_local = threading.local()


def get_transport() -> Transport:
    """Return this thread's transport, with the connections it has open."""
    accounts = settings.NOTIFICATIONS
    if getattr(_local, "accounts", None) is not accounts:
        _local.accounts, _local.transport = accounts, Transport()
    transport: Transport = _local.transport
    return transport


def forget_transport() -> None:
    """Drop this thread's transport, and with it the answers that have not come."""
    del _local.transport, _local.accounts
