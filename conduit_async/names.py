"""Python names for the names of a source.

These names get a trailing `_`: a Python keyword, a name that Python would mangle (`__x`), a name
that every class has (`mro`), and a name that is taken already. The payload, SQL and messages keep
the source's name.
"""

import builtins
import keyword
import re
from collections.abc import Container

HANDLER_NAMES = frozenset({
    "batch", "conn", "context", "hook", "job", "payload", "previous", "record", "services",
})  # fmt: skip
"""Names of parameters and variables of generated functions."""

ENTRY_POINTS = ("after_create", "after_update", "after_delete", "after_save")
"""The functions of a generated module that the application calls."""

SNAPSHOT_ATTRIBUTES = frozenset({"of", "_is_protocol"})
"""Attributes of the runtime's `Snapshot`: a column would hide them or have them as default."""

CALL = "__call__"
"""The method name of a service that is itself a function: `notify(…)`, one of the `externs`."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def is_name(text: str) -> bool:
    """Whether a text is a name of the language, and so can be a name in Python and SQL."""
    return _NAME.fullmatch(text) is not None


def is_table_name(text: str) -> bool:
    """Whether a text can be quoted as the name of a table: `accounts`, `billing.accounts`."""
    return text.isprintable() and all(text.split("."))


def python_name(name: str, taken: Container[str] = ()) -> str:
    """The name of an attribute, a method or a named argument: `from` → `from_`, `ok?` → `ok`."""
    plain = name.rstrip("?!")
    if plain.startswith("__"):
        plain = f"_{plain.strip('_')}_"
    elif keyword.iskeyword(plain) or plain == "mro":
        plain += "_"
    return unclashed(plain, taken)


def argument_name(name: str) -> str:
    """The name of a named argument of a method."""
    return python_name(name, taken=("self",))


def local_name(name: str, taken: Container[str] = ()) -> str:
    """The name of a variable of a generated function: no builtin and none of `HANDLER_NAMES`."""
    plain = python_name(name)
    if plain in _BUILTINS or plain in HANDLER_NAMES:
        plain += "_"
    return unclashed(plain, taken)


def unclashed(name: str, taken: Container[str]) -> str:
    """The name with trailing `_` until it is none of `taken`."""
    while name in taken:
        name += "_"
    return name


def snake_case(name: str) -> str:
    """`SearchIndex` → `search_index`, `HTTPClient` → `http_client`, `release!` → `release`."""
    return _WORD_START.sub("_", name.rstrip("?!")).lower()


def class_name(name: str) -> str:
    """`search_index_add` → `SearchIndexAdd`; capitals inside a word stay."""
    words = [word for word in name.rstrip("?!").split("_") if word]
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return python_name(joined if joined[:1].isalpha() else f"C{joined}")


def record_name(resource: str) -> str:
    """The class of a resource's rows; a name with a capital takes precedence over imports."""
    return python_name(resource) if resource[:1].isupper() else local_name(resource)


def snapshot_name(resource: str) -> str:
    """The class of a resource's snapshots: `Order` → `OrderSnapshot`."""
    return python_name(f"{resource}Snapshot")


def dotted_prefix(prefix: str | None) -> str:
    """The prefix of job type names; a prefix that ends in a letter or digit gets a dot."""
    return f"{prefix}." if prefix and prefix[-1].isalnum() else prefix or ""


def module_name(resource: str) -> str:
    """The module of a resource: its name in snake case."""
    return python_name(snake_case(resource))


def service_name(service: str) -> str:
    """The attribute of `Services` that holds a service: `SearchIndex` → `search_index`."""
    return python_name(snake_case(service))


def method_name(method: str) -> str:
    """The name of a service's method: `sendNow` → `send_now`."""
    return method if method == CALL else python_name(snake_case(method))
