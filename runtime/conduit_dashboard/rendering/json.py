"""The data of a page, for programs."""

from collections.abc import Mapping
from typing import Any

import msgspec


def encode(data: Mapping[str, Any]) -> bytes:
    """The data of a page as JSON: dataclasses as objects, times in ISO 8601."""
    return msgspec.json.format(msgspec.json.encode(data), indent=2)
