"""The trace context that goes with a job, from the enqueueing code to the worker.

OpenTelemetry is not imported here: if the application has not imported it, there is no trace.
"""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from ..model.errors import PayloadError
from ..model.payload import decode

_API = "opentelemetry.trace"
LONGEST = 10_000
"""Characters of headers that are stored; longer headers are left out."""


def trace_of(given: Mapping[str, str] | None) -> str | None:
    """The given headers as JSON; for None, those of the present trace, if there is one.

    Raises PayloadError if `given` are no headers.
    """
    if given is None:
        given = present_trace()
        if given is None:
            return None
    elif not _are_headers(given):
        raise PayloadError(f"trace is {given!r}: use headers, a dict of texts")
    try:
        text = msgspec.json.encode(given).decode()
    except UnicodeEncodeError:
        return None
    return None if "\\u0000" in text or len(text) > LONGEST else text


def present_trace() -> dict[str, str] | None:
    """The headers of the present trace; None when there is none."""
    if _API not in sys.modules:
        return None
    from .propagation import present

    return present()


def trace_parameter(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """`trace_of` as a parameter of a statement; empty if there is no trace."""
    trace = trace_of(given)
    return {} if trace is None else {"trace": trace}


def trace_fragments(parameters: Mapping[str, Any]) -> Mapping[str, str]:
    """The fragments of an insert for the trace; empty texts if the parameters have no trace."""
    return _TRACED if "trace" in parameters else _UNTRACED


_TRACED = MappingProxyType(
    {
        "trace": ", trace",
        "traces": ", %(trace)s::pg_catalog.text[]",
        "trace_json": ", trace::pg_catalog.jsonb",
        "trace_value": ", %(trace)s::pg_catalog.jsonb",
    }
)
_UNTRACED = MappingProxyType(dict.fromkeys(_TRACED, ""))


def read_trace(text: str | None) -> dict[str, str] | None:
    """The headers that are stored with a job; None when there are none."""
    if text is None:
        return None
    headers = decode(text)
    return headers if _are_headers(headers) else None


def _are_headers(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(part, str) for header in value.items() for part in header
    )
