"""The headers of a job as they are stored: JSON, with the trace context as `trace`."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from .errors import PayloadError
from .payload import decode, refusal_of

TRACE = "trace"
MOST = 4_000
"""The most characters in the names and values of a job's headers."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def check_headers(headers: object) -> None:
    """Raise PayloadError for headers that a job cannot have."""
    if not isinstance(headers, Mapping):
        raise PayloadError(f"headers is {headers!r:.100}: use a dict of strings")
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PayloadError(
                f"{name!r:.100} is not a valid header name: use at most 100 letters, digits, "
                "hyphens, dots and underscores"
            )
        if name == TRACE:
            raise PayloadError(
                f"the header name {TRACE!r} is taken by the trace context: use another name"
            )
        if not isinstance(value, str):
            raise PayloadError(f"header {name} is {value!r:.100}: use a string")
        if reason := refusal_of(value):
            raise PayloadError(f"header {name} {reason}")
    size = sum(len(name) + len(value) for name, value in headers.items())
    if size > MOST:
        raise PayloadError(
            f"the headers have {size:,} characters, more than {MOST:,}: put data into the payload"
        )


def stored_text(headers: Mapping[str, str], trace: Mapping[str, str] | None) -> str | None:
    """The JSON to store; None if there is nothing to store."""
    # msgspec refuses subclasses of str, such as Django's SafeString.
    found: dict[str, Any] = {name: str.__str__(value) for name, value in headers.items()}
    if trace is not None:
        found[TRACE] = trace
    return msgspec.json.encode(found).decode() if found else None


def read_headers(text: str | None) -> dict[str, str]:
    """The headers in a stored text; what is not a header, as after an edit by hand, is left out."""
    return {name: value for name, value in _stored(text).items() if isinstance(value, str)}


def read_trace(text: str | None) -> dict[str, str] | None:
    """The trace context in a stored text; None if there is none."""
    trace = _stored(text).get(TRACE)
    return trace if is_trace(trace) else None


def is_trace(value: object) -> bool:
    """Whether the value is a trace context: a dict of strings."""
    return isinstance(value, dict) and all(
        isinstance(part, str) for header in value.items() for part in header
    )


def _stored(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    found = decode(text)
    return found if isinstance(found, dict) else {}
