"""The fixtures of the pytest plugin, from their docstrings."""

import inspect

from conduit_runtime.testing import plugin

from .markdown import code, table


def fixtures() -> str:
    """A table of the fixtures that tests use."""
    rows = []
    for name, value in vars(plugin).items():
        if type(value).__name__ == "FixtureFunctionDefinition" and not name.startswith("_"):
            rows.append((code(name), " ".join((inspect.getdoc(value) or "").split())))
    return "\n".join(table("fixture, what it gives", *rows))
