"""Granian inside this process, so that all its ports share one memory."""

import asyncio
import socket
from contextlib import suppress

from granian.constants import SSLProtocols
from granian.http import HTTP2Settings
from granian.server.embed import Server

from config.outside_world.keys import Certificate
from config.outside_world.web import Web

START_SECONDS = 10
# A graceful end would wait for every connection that a client keeps for later.
STOP_SECONDS = 0.5
MOST_STREAMS = 1000
MOST_REQUESTS = 1_000_000


class Listener:
    """One HTTP port, with TLS or without."""

    def __init__(self, host: str, port: int) -> None:
        # Granian wants a number. Bound here too, it is nobody else's free port.
        self.reserved = socket.socket()
        self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.reserved.bind((host, port))
        self.host = host
        self.port: int = self.reserved.getsockname()[1]

    async def start(self, web: Web, certificate: Certificate | None) -> None:
        """Return when it answers; raises `TimeoutError` if it never does."""
        self.server = Server(
            web,
            self.host,
            self.port,
            log_enabled=False,
            websockets=False,
            backlog=1024,
            backpressure=MOST_REQUESTS,
            http2_settings=HTTP2Settings(max_concurrent_streams=MOST_STREAMS),
            ssl_cert=certificate.chain if certificate else None,
            ssl_key=certificate.key if certificate else None,
            ssl_protocol_min=SSLProtocols.tls12,
        )
        self.serving = asyncio.create_task(self.server.serve())
        async with asyncio.timeout(START_SECONDS):
            while not await self._is_open():
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.server.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError):
            await asyncio.wait_for(self.serving, STOP_SECONDS)
        self.reserved.close()

    async def _is_open(self) -> bool:
        if self.serving.done():
            await self.serving
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except ConnectionRefusedError:
            return False
        writer.close()
        return True
