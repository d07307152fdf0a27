"""Start the outside world beside a test or a benchmark."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from config.outside_world.keys import make_key
from config.processes import Process, StartError, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
ANSWER_SECONDS = 30

Json = dict[str, Any]


class World:
    """A running outside world: where it is, and how to make it fail."""

    def __init__(self, process: Process, places: Json) -> None:
        self.process = process
        self.http: str = places["http"]
        self.http_plain: str = places["http_plain"]
        self.ca: str = places["ca"]
        self.fcm: Json = places["fcm"]
        self.apns: Json = places["apns"]
        self.twilio: Json = places["twilio"]
        self.smtp: Json = places["smtp"]
        self.smpp: Json = places["smpp"]

    def environ(self) -> dict[str, str]:
        """Return the variables with which Tiffin has accounts at these providers."""
        return {
            "PROVIDERS_CA_BUNDLE": self.ca,
            "FCM_SERVICE_ACCOUNT": json.dumps(self.fcm["service_account"]),
            "FCM_URL": self.http,
            **{f"APNS_{name.upper()}": value for name, value in self.apns.items()},
            "APNS_URL": self.http,
            "WEB_PUSH_KEY": make_key(),
            "WEB_PUSH_CONTACT": "mailto:demo@tiffin.example",
            "ALLOW_LOCAL_ENDPOINTS": "true",
            "TWILIO_ACCOUNT_SID": self.twilio["account_sid"],
            "TWILIO_AUTH_TOKEN": self.twilio["auth_token"],
            "TWILIO_FROM": "+12125550199",
            "TWILIO_URL": self.http,
            "EMAIL_URL": f"smtp://{self.smtp['host']}:{self.smtp['port']}",
        }

    def control(self, provider: str, **faults: Any) -> Json:
        return self._ask("POST", f"/_control/{provider}", faults)

    def inbound(self, provider: str, **message: str) -> Json:
        """Let a person write to the service: `from_`, `to`, `body`, `webhook`."""
        said = {name.rstrip("_"): value for name, value in message.items()}
        return self._ask("POST", f"/_control/{provider}/inbound", said)

    def subscription(self, name: str) -> Json:
        """Return a browser's push subscription, its endpoint with TLS."""
        shown = self._ask("GET", f"/push-subscriptions/{name}")
        return shown | {"endpoint": f"{self.http}/push/{name}"}

    def ledger(self, **asked: str | int) -> list[Json]:
        """Return all messages there are, or those of a `provider` or `endpoint`.

        With `since` or `limit`, one answer's worth.
        """
        if asked.keys() & {"since", "limit"}:
            return self._page(asked)[0]
        messages: list[Json] = []
        last, following = -1, 0
        while following > last:
            last = following
            page, following = self._page(asked | {"since": last})
            messages += page
        return messages

    def count(self) -> Json:
        return self._ask("GET", "/_ledger/count")

    def reset(self) -> None:
        """Take back all faults and empty the ledger."""
        self._ask("DELETE", "/_control")
        self._ask("DELETE", "/_ledger")

    def stop(self) -> None:
        self.process.ask_to_stop()
        self.process.see_stopped()

    def _page(self, asked: dict[str, str | int]) -> tuple[list[Json], int]:
        answer = self._ask("GET", f"/_ledger?{urlencode(asked)}")
        return answer["messages"], answer["next"]

    def _ask(self, method: str, path: str, content: Json | None = None) -> Json:
        body = None if content is None else json.dumps(content).encode()
        asked = Request(self.http_plain + path, body, method=method)  # noqa: S310
        with urlopen(asked, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return cast(Json, json.load(answer))


@contextmanager
def outside_world(folder: Path, **options: object) -> Iterator[World]:
    """Run the program, its files in the folder; options are its arguments.

    Call from the main thread; raises `StartError` with what the program said.
    """
    ready_file = folder / "outside-world.json"
    ready_file.unlink(missing_ok=True)
    said: list[str] = []

    def log(_name: str, line: str) -> None:
        said.append(line)
        sys.stderr.write(f"{line}\n")

    arguments = ["--ready-file", str(ready_file)]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", str(value)]
    process = Process(
        "world",
        [sys.executable, "-m", "config.outside_world", *arguments],
        log,
        environ=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    process.start()
    try:
        if not wait_until(ready_file.exists, process, START_SECONDS):
            raise StartError("\n".join(["The outside world did not start.", *said]))
        world = World(process, json.loads(ready_file.read_text()))
        yield world
    finally:
        process.ask_to_stop()
        process.see_stopped()
