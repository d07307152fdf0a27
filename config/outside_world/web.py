"""All that is spoken over HTTP: who a request is for, and what may go wrong."""

import asyncio
import os
import socket
from contextlib import suppress
from random import choice

from granian.rsgi import Scope

from config.outside_world.backstage import Backstage
from config.outside_world.faults import Fate, Faults
from config.outside_world.fcm import Fcm
from config.outside_world.requests import (
    SERVER_ERROR,
    TOO_MANY,
    UNAVAILABLE,
    HttpProvider,
    Reply,
    Request,
)


class Web:
    def __init__(
        self,
        providers: dict[str, HttpProvider],
        fcm: Fcm,
        faults: dict[str, Faults],
        backstage: Backstage,
    ) -> None:
        """Take providers by the first part of their path."""
        self.providers = providers
        self.fcm = fcm
        self.faults = faults
        self.backstage = backstage
        self.closing = asyncio.Event()

    async def __rsgi__(self, scope: Scope, reply: Reply) -> None:
        path = scope.path
        request = Request(scope, path, scope.headers, await reply())
        first = path.split("/", 2)[1]
        provider = self.providers.get(first)
        if provider is None:
            if first == "token":
                reply.response_bytes(*self.fcm.grant(request))
            else:
                reply.response_bytes(*await self.backstage.answer(request))
        elif self.faults[provider.name].is_quiet:
            reply.response_bytes(*provider.answer(request))
        else:
            await self._with_faults(provider, request, reply)

    async def _with_faults(
        self, provider: HttpProvider, request: Request, reply: Reply
    ) -> None:
        faults = self.faults[provider.name]
        await asyncio.sleep(faults.delay())
        fate = faults.draw()
        if fate is Fate.DROP:
            drop_connection(request.scope.client)
        elif fate is Fate.HANG:
            await self._never_answer(request)
        elif fate is Fate.THROTTLE:
            reply.response_bytes(*provider.refuse(TOO_MANY, faults.retry_after))
        elif fate is Fate.OUTAGE:
            reply.response_bytes(*provider.refuse(UNAVAILABLE, faults.retry_after))
        elif fate is Fate.ERROR:
            status = choice((SERVER_ERROR, UNAVAILABLE))  # noqa: S311
            reply.response_bytes(*provider.refuse(status, None))
        else:
            answer = provider.answer(request)
            if fate is Fate.LOSE:
                await self._never_answer(request)
            else:
                reply.response_bytes(*answer)

    async def _never_answer(self, request: Request) -> None:
        await self.closing.wait()
        drop_connection(request.scope.client)


def drop_connection(client: str) -> None:
    """Close a client's connection under its requests.

    The server offers no way to do so, but its sockets are this process's.
    """
    host, _, port = client.rpartition(":")
    peer = (host.strip("[]"), int(port))
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 (a list, not paths)
        with suppress(OSError):
            found = socket.socket(fileno=int(number))
            try:
                if _peer(found) == peer:
                    found.shutdown(socket.SHUT_RDWR)
            finally:
                found.detach()


def _peer(found: socket.socket) -> object:
    address = found.getpeername()
    return address[:2] if isinstance(address, tuple) else address
