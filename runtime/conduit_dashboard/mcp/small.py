"""Cuts results to a size that a model can read."""

import json
from typing import Any

MOST = 40_000
"""The most characters of a result as the SDK writes it: as JSON with a value a line."""
_STEPS = ((2_000, 100), (500, 50), (200, 20), (100, 5))
"""The most characters of a text and the most items of a list, tried in this order."""
_KEYS = 50
"""The most keys of an object, and the most paths that are named."""
_LONGEST_KEY = 100
"""The most characters of a key, as a payload may have any."""


def small(data: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The data without the ends of long texts, lists and objects, and the paths of what was cut.

    A path ends where an object with long keys begins. The keys of `data` itself all stay; what is
    too large in any way becomes empty.
    """
    for text, items in _STEPS:
        cut: dict[str, None] = {}
        found = {key: _cut(value, key, text, items, cut) for key, value in data.items()}
        if _size(found, cut) <= MOST:
            return found, [*cut][:_KEYS]
    for key, value in sorted(found.items(), key=lambda each: -len(json.dumps(each[1]))):
        found[key] = type(value)()
        cut[key] = None
        if _size(found, cut) <= MOST:
            break
    return found, [*cut][:_KEYS]


def _size(found: dict[str, Any], cut: dict[str, None]) -> int:
    """How long the result is as the SDK writes it, or in one line if that is too long."""
    whole = {"from_jobs": {**found, "cut": [*cut][:_KEYS]}}
    line = len(json.dumps(whole, ensure_ascii=False))  # takes a fraction of the other's time
    return line if line > MOST else len(json.dumps(whole, indent=2, ensure_ascii=False))


def _cut(value: Any, path: str, text: int, items: int, cut: dict[str, None]) -> Any:
    if isinstance(value, str) and len(value) > text:
        cut[path] = None
        return _short(value, text)
    if isinstance(value, dict):
        if len(value) > _KEYS:
            cut[path] = None
            value = dict([*value.items()][:_KEYS])
        if any(len(key) > _LONGEST_KEY for key in value):
            cut[path] = None
            return {
                _short(key, _LONGEST_KEY): _cut(each, path, text, items, cut)
                for key, each in value.items()
            }
        return {key: _cut(each, f"{path}.{key}", text, items, cut) for key, each in value.items()}
    if isinstance(value, list):
        if len(value) > items:
            cut[path] = None
        return [_cut(each, f"{path}[]", text, items, cut) for each in value[:items]]
    return value


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
