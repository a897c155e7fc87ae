"""HTTP connections that are closed if a client does not send its request."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """A connection; uvicorn itself limits only the time between two requests.

    A client must send the head of its next request within `patience` seconds of the first byte.
    """

    patience = 15.0

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request, unless its head has arrived."""
        super().data_received(data)
        if self._waiting is not None and not self._is_awaiting():
            self._waiting.cancel()
            self._waiting = None
        elif self._waiting is None and self._is_awaiting():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.patience, self._give_up)

    def _is_awaiting(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _give_up(self) -> None:
        self._waiting = None
        if self._is_awaiting():
            self.transport.abort()
