"""The headers and the trace context that go with a job, from the enqueueing code to the worker.

OpenTelemetry is not imported here: if the application has not imported it, there is no trace.
"""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from ..model.errors import PayloadError
from ..model.headers import headers_here
from ..model.stored_headers import check_headers, is_trace, stored_text

_API = "opentelemetry.trace"
LONGEST = 10_000
"""Characters of a trace context that are stored; a longer one is left out."""


def headers_to_store(
    headers: Mapping[str, str], trace: Mapping[str, str] | None, around: Mapping[str, str]
) -> str | None:
    """A job's headers, those `around` its enqueue, and its trace, as JSON; None if it has none.

    If `trace` is None, it is the present trace, if there is one. Raises PayloadError for headers
    or a trace that a job cannot have.
    """
    if headers or around:
        if not isinstance(headers, Mapping):
            check_headers(headers)
        headers = {**around, **headers}
        check_headers(headers)
    if trace is None:
        trace = present_trace()
    elif not is_trace(trace):
        raise PayloadError(f"trace is {trace!r}: use headers, a dict of texts")
    if not headers and trace is None:
        return None
    return stored_text(headers, _storable(trace))


def _storable(trace: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The trace; None if Postgres would refuse it, or if it is too long."""
    if trace is None:
        return None
    try:
        text = msgspec.json.encode(trace)
    except UnicodeEncodeError:
        return None
    return None if b"\\u0000" in text or len(text) > LONGEST else trace


def present_trace() -> dict[str, str] | None:
    """The headers of the present trace; None when there is none."""
    if _API not in sys.modules:
        return None
    from .propagation import present

    return present()


def headers_parameter(trace: Mapping[str, str] | None = None) -> dict[str, str]:
    """The headers of the present block and the trace, or else the present one, as a parameter.

    It is empty if there are neither headers nor a trace.
    """
    text = headers_to_store({}, trace, headers_here())
    return {} if text is None else {"headers": text}


def headers_fragments(parameters: Mapping[str, Any]) -> Mapping[str, str]:
    """The fragments of an insert for the headers; empty texts if the parameters have none."""
    return _WITH_HEADERS if "headers" in parameters else _WITHOUT


_WITH_HEADERS = MappingProxyType(
    {"headers": ", headers", "headers_value": ", %(headers)s::pg_catalog.jsonb"}
)
_WITHOUT = MappingProxyType(dict.fromkeys(_WITH_HEADERS, ""))
