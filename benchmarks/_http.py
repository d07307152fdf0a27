"""Many requests over kept connections, from one thread: a client that costs little."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import quantiles
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
MOST_KEPT = 5


@dataclass
class Answers:
    """What came of a run: seconds that each request took, and other statuses."""

    expected: int
    seconds: float = 0
    times: list[float] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    accepted: int = 0

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds if self.seconds else 0

    def milliseconds(self, percent: int) -> float:
        if len(self.times) < 2:  # noqa: PLR2004
            return 0
        return round(quantiles(self.times, n=100)[percent - 1] * 1000, 1)


class Line(asyncio.Protocol):
    """A connection that sends one request after the other."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.buffer = b""
        self.needed = 0
        self.waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by class.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.needed and (end := self.buffer.find(HEAD_END)) >= 0:
            head = self.buffer[:end].lower()
            start = head.index(LENGTH) + len(LENGTH)
            length = int(head[start:].split(b"\r\n", 1)[0])
            self.needed = end + len(HEAD_END) + length
        if self.needed and len(self.buffer) >= self.needed:
            self._finish()

    def connection_lost(self, error: Exception | None) -> None:
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(error or ConnectionError("It hung up."))

    def _finish(self) -> None:
        if int(self.buffer[9:12]) == self.answers.expected:
            self.answers.accepted += 1
        else:
            self.answers.others = [*self.answers.others, self.buffer][:MOST_KEPT]
        self.buffer, self.needed = b"", 0
        assert self.waiting is not None
        self.waiting.set_result(None)

    async def ask(self, request: bytes, *, since: float | None = None) -> None:
        """Send a request and wait; its time counts from `since`, when it was due."""
        start = since or time.perf_counter()
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        await self.waiting
        self.answers.times.append(time.perf_counter() - start)


def as_many(
    port: int, requests: Iterator[bytes], *, lines: int, seconds: float, expected: int
) -> Answers:
    """Keep so many connections busy for so long."""

    async def work(line: Line, until: float) -> None:
        while time.perf_counter() < until:
            if (request := next(requests, None)) is None:
                return
            await line.ask(request)

    async def main() -> Answers:
        answers = Answers(expected)
        opened = await _open(port, answers, lines)
        start = time.perf_counter()
        await asyncio.gather(*(work(line, start + seconds) for line in opened))
        answers.seconds = time.perf_counter() - start
        _close(opened)
        return answers

    return uvloop.run(main())


def at_rate(
    port: int, requests: list[bytes], *, per_second: float, lines: int, expected: int
) -> Answers:
    """Send each request at its moment, or as soon after as a connection is free.

    What would be sent after the last moment is not sent.
    """

    async def work(line: Line, start: float, numbered: Iterator[int]) -> None:
        for number in numbered:
            due = start + number / per_second
            if time.perf_counter() > start + len(requests) / per_second:
                return
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            await line.ask(requests[number], since=due)

    async def main() -> Answers:
        answers = Answers(expected)
        opened = await _open(port, answers, lines)
        start, numbered = time.perf_counter(), iter(range(len(requests)))
        await asyncio.gather(*(work(line, start, numbered) for line in opened))
        answers.seconds = time.perf_counter() - start
        _close(opened)
        return answers

    return uvloop.run(main())


async def _open(port: int, answers: Answers, count: int) -> list[Line]:
    loop = asyncio.get_running_loop()
    lines = []
    for _ in range(count):
        _transport, line = await loop.create_connection(
            lambda: Line(answers), "127.0.0.1", port
        )
        lines.append(line)
    return lines


def _close(lines: list[Line]) -> None:
    for line in lines:
        line.transport.close()
