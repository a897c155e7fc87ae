"""The updates of a page as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Message, Receive, Scope, Send

from .hub import Hub, Render

SEND_SECONDS = 30.0
"""After how many seconds a viewer that does not read is let go."""
LONGEST_SECONDS = 300.0
"""After how many seconds a stream ends. The browser opens another, and is authorized again."""
RETRY_MILLISECONDS = 2_000
ALIVE_SECONDS = 4
"""After how many seconds a browser hears that it is still served; it gives up after ten."""


class Stream(EventSourceResponse):
    """The updates of one viewer, until it leaves or does not read any more."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = False

        async def sending(message: Message) -> None:
            nonlocal is_open
            is_open = message.get("more_body", message["type"] == "http.response.start")
            await send(message)

        try:
            await super().__call__(scope, receive, sending)
        except SendTimeoutError:
            return  # the server closes the connection
        if is_open:  # the server stops
            await send({"type": "http.response.body", "body": b""})


def stream(
    hub: Hub,
    key: Hashable,
    render: Render,
    *,
    is_short: bool = False,
) -> Stream:
    """A response that sends the updates of a page.

    A short one ends after its first update, and the browser asks again: a server of WSGI would lend
    a thread to each viewer otherwise.
    """
    events = _events(hub, key, render, 0.0 if is_short else LONGEST_SECONDS)
    return Stream(
        events,
        send_timeout=SEND_SECONDS,
        ping=ALIVE_SECONDS,
        ping_message_factory=lambda: ServerSentEvent(event="alive", data=""),
    )


async def _events(
    hub: Hub, key: Hashable, render: Render, seconds: float
) -> AsyncIterator[ServerSentEvent]:
    clock: Callable[[], float] = asyncio.get_running_loop().time
    end = clock() + seconds
    with hub.watch(key, render) as viewer:
        while True:
            update = msgspec.json.encode(await viewer.update()).decode()
            yield ServerSentEvent(data=update, retry=RETRY_MILLISECONDS)
            if clock() >= end:
                return
