"""What an HTTP provider is asked, and how it answers."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from granian.rsgi import Scope

from config.outside_world.ledger import Content, Sent

OK = 200
CREATED = 201
BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
GONE = 410
TOO_LARGE = 413
TOO_MANY = 429
SERVER_ERROR = 500
UNAVAILABLE = 503

MOST_PAYLOAD = 4096
JSON_TYPE = ("content-type", "application/json; charset=UTF-8")

Answer = tuple[int, list[tuple[str, str]], bytes]


class Headers(Protocol):
    """What of granian's headers is used; it does not export the type."""

    def items(self) -> list[tuple[str, str]]: ...

    def get(self, key: str, default: Any = None) -> Any: ...


class Reply(Protocol):
    """The same of its HTTP protocol."""

    async def __call__(self) -> bytes: ...

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None: ...


@dataclass(slots=True)
class Request:
    scope: Scope
    path: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        return str(self.headers.get(name, ""))

    def origin(self) -> str:
        host = self.scope.authority or self.header("host")
        return f"{self.scope.scheme}://{host}"


class HttpProvider(Protocol):
    name: str

    def answer(self, request: Request) -> Answer:
        """Do what the provider does, and note what it accepts in the ledger."""

    def refuse(self, status: int, retry_after: int | None) -> Answer:
        """Say in the provider's words that it cannot now: 429, 500 or 503."""

    def read(self, sent: Sent) -> Content: ...


def as_json(status: int, content: Any, *headers: tuple[str, str]) -> Answer:
    return status, [JSON_TYPE, *headers], json.dumps(content).encode()


def retry_header(retry_after: int | None) -> list[tuple[str, str]]:
    return [] if retry_after is None else [("retry-after", str(retry_after))]
