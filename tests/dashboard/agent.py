"""A client of the MCP server, for tests without coroutines."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal
from mcp import Client
from mcp.types import CallToolResult, Implementation, TextContent, Tool

NAME = "agent"
"""The name under which the audit has the client."""


class Agent:
    """A connected client."""

    def __init__(self, client: Client, portal: Any) -> None:
        self.client = client
        self._portal = portal

    @property
    def tools(self) -> dict[str, Tool]:
        return {each.name: each for each in self._portal.call(self.client.list_tools).tools}

    def call(self, tool: str, **arguments: Any) -> Any:
        """What the tool returns."""
        done = self._call(tool, arguments)
        assert not done.is_error, done.content
        return done.structured_content

    def seen(self, tool: str, **arguments: Any) -> Any:
        """What the tool returns below `from_jobs`."""
        return self.call(tool, **arguments)["from_jobs"]

    def refused(self, tool: str, **arguments: Any) -> str:
        """What the tool says when it refuses."""
        done = self._call(tool, arguments)
        assert done.is_error, done.structured_content
        [content] = done.content
        assert isinstance(content, TextContent)
        return content.text

    def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        done: CallToolResult = self._portal.call(self.client.call_tool, tool, arguments)
        return done


@contextmanager
def connected(server: Any) -> Iterator[Agent]:
    """A client that is connected to a server for the block."""
    with start_blocking_portal() as portal:
        client = Client(server, client_info=Implementation(name=NAME, version="1"))
        with portal.wrap_async_context_manager(client):
            yield Agent(client, portal)


Start = Callable[..., AbstractContextManager[Agent]]
