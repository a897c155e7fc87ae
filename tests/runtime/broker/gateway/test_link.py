"""Tests of a gateway's connection to the broker."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from conduit_runtime.broker.gateway.link import Link
from conduit_runtime.broker.messages import LARGEST


class _Channel:
    def __init__(self) -> None:
        self.sizes: list[int] = []

    def basic_publish(self, body: bytes, **options: Any) -> Awaitable[None]:
        self.sizes.append(len(body))
        return asyncio.sleep(0)


def test_what_is_too_large_for_a_broker_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> list[int]:
        async def opened(channel: object) -> None:
            pass

        link = Link("amqp://h/v", None, opened, lambda: None)
        channel: Any = _Channel()
        link._notices = channel
        link.send("worker", b" " * (LARGEST + 1))
        link.send("worker", b" " * LARGEST)
        await link.finish(10)
        return channel.sizes  # type: ignore[no-any-return]

    assert asyncio.run(main()) == [LARGEST]
    assert "15000001 bytes to workers is too large for a broker" in caplog.text
