"""Tests of connections that end while they are being opened."""

import asyncio
from typing import Any

import pytest
from conduit_runtime.broker.broker_connection import BrokerError
from conduit_runtime.broker.remote import sessions
from conduit_runtime.broker.remote.sessions import Sessions


def test_what_the_client_cancels_is_a_loss_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """This happens if a broker freezes and the client library cancels the calls that wait."""

    async def main() -> None:
        again = asyncio.Event()
        errors = [asyncio.CancelledError(), BrokerError("away"), asyncio.CancelledError()]

        async def connect(*arguments: object) -> Any:
            if errors:
                raise errors.pop()
            again.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(sessions, "connect", connect)
        host: Any = None
        running = asyncio.create_task(Sessions("amqp://h/v", None, host, host, lambda: None).run())
        async with asyncio.timeout(10):
            await again.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
