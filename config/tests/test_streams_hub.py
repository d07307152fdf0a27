"""What rings the bells of who listens, whoever comes and goes."""

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.streams import hub as hubs
from config.streams.hub import Hub


class Pubsub:
    """A connection with Redis that takes its time."""

    def __init__(self) -> None:
        self.channels: list[str] = []
        self.left: list[str] = []

    async def subscribe(self, channel: str) -> None:
        self.channels.append(channel)
        await asyncio.sleep(10)

    async def unsubscribe(self, channel: str) -> None:
        self.left.append(channel)


class DeafHub(Hub):
    """Knows Redis by a slow connection."""

    def __init__(self) -> None:
        super().__init__()
        self.redis = self._pubsub = Pubsub()

    async def _run(self) -> None:
        await asyncio.sleep(10)


class FailingHub(Hub):
    """Fails in a way that nobody thought of."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0

    async def _listen(self, client: object) -> None:
        self.attempts += 1
        raise ValueError("An answer that is none.")


def run(task: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread: browsers' tests leave a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, task).result()


def test_who_goes_while_subscribing_leaves_no_bell():
    async def listen(hub: Hub) -> None:
        async with hub.bell(["one", "two"]):
            pytest.fail("Nobody has subscribed yet.")

    async def go_away() -> DeafHub:
        hub = DeafHub()
        task = asyncio.create_task(listen(hub))
        while not hub.redis.channels:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return hub

    hub = run(go_away())

    assert not hub._bells  # noqa: SLF001
    assert "one" in hub.redis.left


def test_what_nobody_thought_of_does_not_end_the_news(monkeypatch, caplog):
    monkeypatch.setattr(hubs, "RECONNECT_SECONDS", 0)

    async def listen() -> FailingHub:
        hub = FailingHub()
        async with asyncio.timeout(5), hub.bell(["one"]):
            while hub.attempts < 2:
                await asyncio.sleep(0.01)
        return hub

    with caplog.at_level(logging.ERROR):
        run(listen())

    assert "cannot be heard" in caplog.text
