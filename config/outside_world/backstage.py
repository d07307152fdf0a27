"""What no provider has: their faults, the ledger, the page, a browser's keys."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from config.outside_world import page
from config.outside_world.faults import FaultError, Faults
from config.outside_world.ledger import MOST_READ, Ledger
from config.outside_world.requests import (
    BAD_REQUEST,
    NOT_FOUND,
    OK,
    Answer,
    Request,
    as_json,
)
from config.outside_world.webpush import subscription

SUBSCRIPTIONS = "/push-subscriptions/"
CONTROL = "/_control/"

Json = dict[str, Any]
Receive = Callable[[Mapping[str, Any]], Awaitable[Json]]
Act = Callable[[], None]


class Backstage:
    def __init__(
        self,
        faults: dict[str, Faults],
        ledger: Ledger,
        inbound: dict[str, Receive],
        revoke: Act,
        forget: Act,
    ) -> None:
        """Take who receives a person's message, and what else _control can do.

        `revoke` ends Google's access tokens; `forget` is the rest of a reset.
        """
        self.faults = faults
        self.ledger = ledger
        self.inbound = inbound
        self.revoke = revoke
        self.forget = forget
        self.routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/"): self._page,
            ("GET", "/_ledger"): self._read_ledger,
            ("DELETE", "/_ledger"): self._clear_ledger,
            ("GET", "/_ledger/count"): self._count,
            ("GET", "/_control"): self._show_all,
            ("DELETE", "/_control"): self._reset,
        }

    async def answer(self, request: Request) -> Answer:
        method = request.scope.method
        route = self.routes.get((method, request.path))
        try:
            if route is not None:
                return route(request)
            if request.path.startswith(CONTROL):
                return await self._control(method, request)
        except (ValueError, FaultError) as error:
            return as_json(BAD_REQUEST, {"error": str(error)})
        if request.path.startswith(SUBSCRIPTIONS):
            name = request.path.removeprefix(SUBSCRIPTIONS)
            return as_json(OK, subscription(name, request.origin()))
        return as_json(NOT_FOUND, {"error": "There is nothing here."})

    async def _control(self, method: str, request: Request) -> Answer:
        name, _, deed = request.path.removeprefix(CONTROL).partition("/")
        faults = self.faults.get(name)
        if faults is None or deed not in ("", "inbound"):
            return as_json(NOT_FOUND, {"error": "There is no such provider."})
        asked = json.loads(request.body) if method == "POST" else {}
        if not isinstance(asked, dict):
            raise FaultError("It must be an object.")
        if deed:
            return as_json(OK, await self._inbound(name)(asked))
        faults.change(asked)
        if faults.credentials == "revoked":
            self.revoke()
            faults.change({"credentials": "valid"})
        return as_json(OK, faults.as_json())

    def _inbound(self, name: str) -> Receive:
        if name not in self.inbound:
            raise FaultError(f"Nobody writes by {name}.")
        return self.inbound[name]

    def _show_all(self, _request: Request) -> Answer:
        shown = {name: faults.as_json() for name, faults in self.faults.items()}
        return as_json(OK, shown)

    def _reset(self, request: Request) -> Answer:
        for faults in self.faults.values():
            faults.reset()
        self.forget()
        return self._show_all(request)

    def _read_ledger(self, request: Request) -> Answer:
        asked = parse_qs(request.scope.query_string)
        messages, following = self.ledger.read(
            asked.get("provider", [""])[0],
            asked.get("endpoint", [""])[0],
            int(asked.get("since", ["0"])[0]),
            min(int(asked.get("limit", [str(MOST_READ)])[0]), MOST_READ),
        )
        return as_json(OK, {"messages": messages, "next": following})

    def _count(self, _request: Request) -> Answer:
        return as_json(OK, self.ledger.count())

    def _clear_ledger(self, request: Request) -> Answer:
        self.ledger.clear()
        return self._count(request)

    def _page(self, _request: Request) -> Answer:
        html = page.render(self.ledger.last(page.SHOWN), self.ledger.count())
        return OK, [("content-type", "text/html; charset=utf-8")], html.encode()
