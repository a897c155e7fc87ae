"""Who may speak to the MCP server by HTTP."""

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..access.access import Access, Authorize
from ..access.forged import is_forged
from ..errors import Refusal
from .site import CLIENT

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Door:
    """An application that only those reach whom `login` lets in, with their rights."""

    def __init__(self, application: Callable[..., Awaitable[None]], login: Authorize) -> None:
        self._application = application
        self._login = login

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        found = await self._access(Request(scope))
        if isinstance(found, Response):
            await found(scope, receive, send)
        else:
            await self._application({**scope, CLIENT: found}, receive, send)

    async def _access(self, request: Request) -> Access | Response:
        """The rights of the visitor, or a refusal."""
        if is_forged(request):
            return _refusal(403, "This request came from another site.")
        try:
            given = self._login(request)
            access = await given if inspect.isawaitable(given) else given
        except Refusal as refusal:
            return _refusal(refusal.status, str(refusal), dict(refusal.headers))
        except HTTPException:  # a token in the address, as browsers get it
            return _refusal(401, "Send the token in the header Authorization.")
        return access if access.may_read else _refusal(403, "You may not see these jobs.")


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"message": message}, status, headers)
