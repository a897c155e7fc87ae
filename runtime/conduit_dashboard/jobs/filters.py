"""Reads the filter of jobs from an address or a form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, floor
from typing import Any

from conduit_runtime.model.dashboard.job_filter import CHOICES, JobFilter
from conduit_runtime.model.text.durations import read_duration
from conduit_runtime.statements.job_types import known_shapes

from ..errors import BadRequest
from ..masks import Masks
from ..page import Visit
from ..parameters import read_choice
from .payload_fields import PREFIX, PayloadField, fields_of, read_payload

_NAMES = frozenset(
    (
        *("status", "queue", "type", "key", "empty_key", "older", "newer"),
        *("error", "error_group", "worker", "payload"),
    )
)


@dataclass(frozen=True, slots=True)
class Search:
    """A filter, its values by name, and the fields of the payload's form."""

    wanted: JobFilter
    given: Mapping[str, str]
    fields: list[PayloadField]


async def read_search(visit: Visit, values: Mapping[str, Any]) -> Search:
    """The filter that the parameters of an address or the fields of a form describe.

    Raises BadRequest for an invalid value, and for a search that could reveal a sensitive value.
    """
    given = {
        name: value
        for name, value in values.items()
        if is_part(name) and isinstance(value, str) and value
    }
    status, type_ = read_choice(given, "status", CHOICES), given.get("type")
    shapes = await visit.read(known_shapes([type_])) if type_ is not None else {}
    known = shapes.get(type_ or "", ())
    mask = Masks(shapes).of(type_ or "", "")
    fields = fields_of(known, mask, given)
    payload = read_payload(given, fields)
    if payload is not None and type_ is None:
        raise BadRequest("Choose a type to search in payloads: their fields depend on it.")
    if payload is not None and known:
        for path in _paths(payload):
            if mask.refuses_search(path):
                raise BadRequest(
                    f"The payload cannot be searched by {'.'.join(path) or 'itself'}: the field is "
                    "sensitive, or no worker has described it."
                )
    wanted = JobFilter(
        status=status,
        queue=given.get("queue"),
        type=type_,
        key=_key(given),
        older=_age(given, "older"),
        newer=_age(given, "newer"),
        error=given.get("error"),
        error_group=given.get("error_group"),
        worker=given.get("worker"),
        payload=payload,
        # If no worker has described the type, only payloads that are shown may be searched.
        only_plain=payload is not None and not known,
    )
    return Search(wanted, given, fields)


def of_then(given: Mapping[str, str], ago: timedelta) -> dict[str, str]:
    """The filter for the jobs that the given filter found `ago`, without later jobs.

    It is exact to the second, or to the minute after ten days. Raises BadRequest for an invalid
    age.
    """
    older = (_age(given, "older") or timedelta(0)) + ago
    newer = _age(given, "newer")
    then = {**given, "older": _written(older, floor)}
    return then if newer is None else {**then, "newer": _written(newer + ago, ceil)}


def _written(age: timedelta, whole: Callable[[float], int]) -> str:
    seconds = age.total_seconds()
    return f"{whole(seconds)}s" if seconds < 900_000 else f"{whole(seconds / 60)}m"


def is_part(name: str) -> bool:
    """Whether a parameter of this name is a part of a filter."""
    return name in _NAMES or name.startswith(PREFIX)


def _key(given: Mapping[str, str]) -> str | None:
    """The key; a form leaves `key` empty for jobs of any key, and `empty_key` is the key ""."""
    key = given.get("key")
    if read_choice(given, "empty_key", ("1",)) is None:
        return key
    if key is not None:
        raise BadRequest("Give a key or choose the empty one, not both.")
    return ""


def _age(given: Mapping[str, str], name: str) -> timedelta | None:
    try:
        return read_duration(given[name]) if name in given else None
    except ValueError as error:
        raise BadRequest(f"{name}: {error}.") from None


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all values in a payload, from the outermost field."""
    if isinstance(value, Mapping) and value:
        inner = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, list) and value:
        inner = [(str(at), each) for at, each in enumerate(value)]
    else:
        return [path]
    return [found for step, each in inner for found in _paths(each, (*path, step))]
