"""Cuts results to a size that a model can read."""

import json
from typing import Any

MOST = 40_000
"""The most characters of a result as JSON."""
_STEPS = ((2_000, 100), (500, 50), (200, 20), (100, 5))
"""The most characters of a text and the most items of a list, tried in this order."""
_KEYS = 50
"""The most keys of an object."""


def small(data: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The data without the ends of long texts, lists and objects, and the paths of what was cut.

    The keys of `data` itself all stay; what is too large in any way becomes empty.
    """
    for text, items in _STEPS:
        cut: dict[str, None] = {}
        found = {key: _cut(value, key, text, items, cut) for key, value in data.items()}
        if len(json.dumps(found)) <= MOST:
            return found, [*cut]
    for key, value in sorted(found.items(), key=lambda each: -len(json.dumps(each[1]))):
        found[key] = type(value)()
        cut[key] = None
        if len(json.dumps(found)) <= MOST:
            break
    return found, [*cut]


def _cut(value: Any, path: str, text: int, items: int, cut: dict[str, None]) -> Any:
    if isinstance(value, str) and len(value) > text:
        cut[path] = None
        return value[: text - 1] + "…"
    if isinstance(value, dict):
        if len(value) > _KEYS:
            cut[path] = None
            value = dict([*value.items()][:_KEYS])
        return {key: _cut(each, f"{path}.{key}", text, items, cut) for key, each in value.items()}
    if isinstance(value, list):
        if len(value) > items:
            cut[path] = None
        return [_cut(each, f"{path}[]", text, items, cut) for each in value[:items]]
    return value
