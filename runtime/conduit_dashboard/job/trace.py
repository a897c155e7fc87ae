"""The trace that a job belongs to."""

import re
from collections.abc import Mapping

_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def trace_id(headers: Mapping[str, str] | None) -> str | None:
    """The id in the header `traceparent`; None if the header is missing or malformed."""
    found = _PARENT.fullmatch((headers or {}).get("traceparent", ""))
    return found[1] if found and found[1].strip("0") else None
