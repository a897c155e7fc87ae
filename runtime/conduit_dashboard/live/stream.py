"""The updates of a page as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Message, Receive, Scope, Send

from ..settings import Bounds
from .hub import Hub, Render

RETRY_MILLISECONDS = 2_000


class Stream(EventSourceResponse):
    """The updates of one viewer, until the viewer leaves or stops reading."""

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
    bounds: Bounds,
    *,
    since: float = 0.0,
    is_short: bool = False,
) -> Stream:
    """A response that sends the updates of a page that are newer than the time `since`.

    If `is_short`, it ends after the first update, and the browser asks again. A WSGI server would
    otherwise need a thread for each viewer.
    """
    events = _events(hub, key, render, since, 0.0 if is_short else bounds.stream)
    return Stream(
        events,
        send_timeout=bounds.send,
        ping=bounds.alive,
        ping_message_factory=lambda: ServerSentEvent(event="alive", data=""),
    )


async def _events(
    hub: Hub, key: Hashable, render: Render, since: float, seconds: float
) -> AsyncIterator[ServerSentEvent]:
    clock: Callable[[], float] = asyncio.get_running_loop().time
    end = clock() + seconds
    with hub.watch(key, render, since) as viewer:
        while True:
            update = msgspec.json.encode(await viewer.update()).decode()
            yield ServerSentEvent(data=update, retry=RETRY_MILLISECONDS)
            if clock() >= end:
                return
