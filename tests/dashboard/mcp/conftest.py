"""The real command, as an agent starts it."""

import os
import sys
from contextlib import AbstractContextManager

import pytest
from agent import Agent, Start, connected
from command_line import EXAMPLE
from mcp import StdioServerParameters


@pytest.fixture
def start(dsn: str) -> Start:
    """Starts the command with options on a database of the test's own."""

    def starting(*options: str, **environment: str) -> AbstractContextManager[Agent]:
        command = ["-m", "conduit_runtime.cli", "mcp", "--dsn", dsn, *options]
        return connected(
            StdioServerParameters(
                command=sys.executable, args=command, env=os.environ | environment, cwd=EXAMPLE
            )
        )

    return starting
