"""`/live` and `/ready` for web servers: as WSGI and as ASGI."""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from ..pool import WorkerPool

Message = MutableMapping[str, Any]

LIVE, READY = "/live", "/ready"


class Health:
    """The probes of a pool, as a WSGI application; its `asgi` is the ASGI application.

    A path that ends with `/live` or `/ready` gives 200 or 503, and JSON with `status` and, for 503,
    `reason`. Neither asks the database. Mount it where you like, as in
    `Mount("/health", Health(pool).asgi)`.
    """

    def __init__(self, pool: "WorkerPool") -> None:
        self._pool = pool

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", /
    ) -> Iterable[bytes]:
        """The WSGI application."""
        status, body = self._respond(environ.get("REQUEST_METHOD", ""), environ["PATH_INFO"])
        start_response(f"{status.value} {status.phrase}", _headers(body))
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    async def asgi(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan":
            await _pass_lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"Health answers HTTP requests, not {scope['type']}")
        status, body = self._respond(scope["method"], scope["path"])
        headers = [(name.lower().encode(), value.encode()) for name, value in _headers(body)]
        await send({"type": "http.response.start", "status": status.value, "headers": headers})
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown})

    def _respond(self, method: str, path: str) -> tuple[HTTPStatus, bytes]:
        if method not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, _json(status="use GET")
        health = self._pool.health()
        path = path.rstrip("/")
        if path.endswith(LIVE):
            if health.is_live:
                return HTTPStatus.OK, _json(status="live")
            return HTTPStatus.SERVICE_UNAVAILABLE, _json(status="blocked", reason=health.reason)
        if path.endswith(READY):
            if health.is_ready:
                return HTTPStatus.OK, _json(status="ready")
            return HTTPStatus.SERVICE_UNAVAILABLE, _json(status="not ready", reason=health.reason)
        return HTTPStatus.NOT_FOUND, _json(status=f"the probes are {LIVE} and {READY}")


def _json(**fields: str) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _headers(body: bytes) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]


async def _pass_lifespan(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
