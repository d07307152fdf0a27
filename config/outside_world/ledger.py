"""Every message that a provider accepted, in memory and on request in a file."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import time
from typing import IO, Any, NamedTuple

KEPT = 100_000
# So many are parsed at once that nobody else waits long.
MOST_READ = 2_000
WRITE_SECONDS = 0.05
WRITTEN_AT_ONCE = 200


class Sent(NamedTuple):
    """One message as it came; it is parsed when somebody reads it."""

    at: float
    provider: str
    endpoint: str
    message_id: str
    body: bytes
    headers: Mapping[str, Any]


@dataclass
class Content:
    """What a person would see of a message, and what the sender knows it by."""

    message_id: str = ""
    collapse: str = ""
    title: str = ""
    text: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)


Reader = Callable[[Sent], Content]


class Ledger:
    def __init__(self, path: Path | None = None) -> None:
        self.readers: dict[str, Reader] = {}
        self.next = 0
        self._sent: deque[Sent] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._pending: deque[Sent] = deque()
        self._file: IO[str] | None = path.open("a") if path else None

    def add(
        self,
        provider: str,
        endpoint: str,
        message_id: str,
        body: bytes,
        headers: Mapping[str, Any],
    ) -> None:
        sent = Sent(time(), provider, endpoint, message_id, body, headers)
        self._sent.append(sent)
        self._counts[provider] += 1
        self.next += 1
        if self._file is not None:
            self._pending.append(sent)

    def read(
        self, provider: str, endpoint: str, since: int, limit: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Return messages from number `since` on, and the number to go on from."""
        first = self.next - len(self._sent)
        number = max(since, first)
        found: list[dict[str, Any]] = []
        for sent in islice(self._sent, number - first, None):
            if len(found) >= limit:
                break
            number += 1
            if provider in ("", sent.provider) and endpoint in ("", sent.endpoint):
                found.append(self.entry(sent))
        return found, number

    def last(self, count: int) -> list[dict[str, Any]]:
        return [self.entry(sent) for sent in islice(reversed(self._sent), count)]

    def count(self) -> dict[str, Any]:
        return {"total": self._counts.total(), "by_provider": dict(self._counts)}

    def clear(self) -> None:
        """Forget the messages; their numbers go on, so no reader waits in vain."""
        self._sent.clear()
        self._counts.clear()

    def entry(self, sent: Sent) -> dict[str, Any]:
        content = self.readers[sent.provider](sent)
        return {
            "at": sent.at,
            "provider": sent.provider,
            "endpoint": sent.endpoint,
            "message_id": content.message_id,
            "collapse": content.collapse,
            "title": content.title,
            "text": content.text,
            "headers": content.headers,
        }

    async def write_on(self) -> None:
        """Write to the file, a little at a time, as long as the program runs."""
        while self._file is not None:
            await asyncio.sleep(WRITE_SECONDS)
            while self._pending:
                self._write(WRITTEN_AT_ONCE)
                await asyncio.sleep(0)

    def close(self) -> None:
        if self._file is not None:
            self._write(len(self._pending))
            self._file.close()
            self._file = None

    def _write(self, count: int) -> None:
        assert self._file is not None
        batch = [self._pending.popleft() for _ in range(min(count, len(self._pending)))]
        self._file.write("".join(json.dumps(self.entry(sent)) + "\n" for sent in batch))
        self._file.flush()


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def object_of(body: bytes | str) -> dict[str, Any]:
    """Return the JSON object, or an empty one where there is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
