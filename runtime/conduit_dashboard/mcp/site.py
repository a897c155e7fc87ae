"""The dashboard as tools ask it: in the same process, for JSON, with the rights of a client."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

from conduit_runtime.model.text.printable import one_line
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from starlette.requests import Request

from ..access.access import Access
from ..application import Dashboard
from ..errors import BadRequest

P = ParamSpec("P")
T = TypeVar("T")
CLIENT = "conduit.client"
"""The key in the scope of a request that holds the Access of its client."""
_LONGEST = 100
"""The most characters of a client's name in the audit."""

Call = Context[Any, Any]
"""The call of a tool."""


def authorize(request: Request) -> Access:
    """The rights that were put in the request's scope, for a Dashboard that only tools ask."""
    access: Access = request.scope[CLIENT]
    return access


class Site:
    """The pages and actions of a dashboard, for the clients of an MCP server.

    A client may do those `actions` that its credentials allow, too. Without HTTP a client has no
    credentials, and may do all of them.
    """

    def __init__(self, dashboard: Dashboard, actions: frozenset[str]) -> None:
        self._dashboard = dashboard
        self._actions = actions

    def actions(self, call: Call) -> frozenset[str]:
        """What the client may do."""
        return self._access(call).actions

    def require(self, call: Call, action: str) -> None:
        """Raise ToolError if the client may not do an action, not even try it by a dry run."""
        if action not in self.actions(call):
            raise ToolError(f"You may not do this: {action.replace('_', ' ')}.")

    async def page(self, call: Call, path: str, **query: Any) -> Any:
        """The data of a page; parameters that are None are left out. Raises ToolError."""
        return await self._ask(call, "GET", path, _encoded(query), "")

    async def act(self, call: Call, path: str, **fields: Any) -> Any:
        """The result of an action with the fields of its form. Raises ToolError."""
        return await self._ask(call, "POST", path, "", _encoded(fields))

    async def _ask(self, call: Call, method: str, path: str, query: str, form: str) -> Any:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"accept", b"application/json")],
            CLIENT: self._access(call),
        }
        status, body = 500, bytearray()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": form.encode(), "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            body.extend(message.get("body", b""))

        await self._dashboard(scope, receive, send)
        answer = json.loads(body)
        if status != 200:
            raise ToolError(answer["message"])
        return answer

    def _access(self, call: Call) -> Access:
        """The rights of the client, under the name that it gave itself."""
        known = call.session.client_params
        name = one_line(known.client_info.name if known is not None else "unnamed")[:_LONGEST]
        request = call.request_context.request
        if request is None:
            return Access.operate(f"mcp:{name}", self._actions)
        given: Access = request.scope[CLIENT]
        return Access(f"{given.user}, mcp:{name}", given.may_read, given.actions & self._actions)


class Tools:
    """Tools of a site; each public method is one, and its docstring describes it to clients."""

    def __init__(self, site: Site) -> None:
        self._site = site


def read(reader: Callable[P, T], *given: P.args, **more: P.kwargs) -> T:
    """What a reader of forms reads. Raises ToolError for what it refuses."""
    try:
        return reader(*given, **more)
    except BadRequest as refusal:
        raise ToolError(str(refusal)) from None


def _encoded(values: Mapping[str, Any]) -> str:
    return urlencode({k: v for k, v in values.items() if v is not None}, doseq=True)
