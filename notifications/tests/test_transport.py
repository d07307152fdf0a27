"""What curl must not do of itself."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import BinaryIO

import pytest

from notifications.providers.base import Request, Response
from notifications.transport import Failure, Transport


class Server:
    """Answers the first request of a connection, and hangs up on the second."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.seen: list[bytes] = []

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self._serve(connection, lines)

    def _serve(self, connection: socket.socket, lines: BinaryIO) -> None:
        for number in range(2):
            length = 0
            while (line := lines.readline()).strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not line:
                return
            self.seen.append(lines.read(length))
            if number == 0:
                connection.sendall(b"HTTP/1.1 201 x\r\nContent-Length: 2\r\n\r\nok")


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(5)


def post(transport: Transport, request: Request) -> Response | Failure:
    transport.start(request, None)
    while True:
        for _tag, answer in transport.turn(0.1):
            return answer


@pytest.fixture
def transport() -> Transport:
    return Transport()


def test_what_must_not_go_twice_goes_once(transport: Transport) -> None:
    with serving() as server:
        first = post(transport, Request(server.url, [], b"one", is_once=True))
        second = post(transport, Request(server.url, [], b"two", is_once=True))
        third = post(transport, Request(server.url, [], b"three", is_once=True))
        del transport

    assert isinstance(first, Response)
    assert isinstance(second, Failure)
    assert second.has_left
    assert isinstance(third, Response)
    assert server.seen == [b"one", b"two", b"three"]


def test_kinds_of_requests_do_not_mix(transport: Transport) -> None:
    with serving() as server:
        post(transport, Request(server.url, [], b"one", is_once=True))
        answer = post(transport, Request(server.url, [], b"two"))
        del transport

    assert isinstance(answer, Response)
    # curl has repeated it.
    assert server.seen == [b"one", b"two", b"two"]
