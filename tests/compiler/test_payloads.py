"""The payloads of every generated module arrive as they were enqueued."""

import dataclasses
import importlib
import json
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conduit_runtime.model.payload import encode
from conduit_runtime.payloads.sensitive import is_sensitive, without_mark
from generated import imported
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conduit_async.compiler import Output

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDERS = sorted([*(ROOT / "tests/compiler/cases").iterdir(), *(ROOT / "examples").iterdir()])
OFFSETS = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
INT = st.integers(-(2**63), 2**63 - 1)
ANYTHING = st.recursive(
    st.none() | st.booleans() | INT | FLOAT | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
SCALARS: dict[object, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: INT,
    float: FLOAT,
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=OFFSETS),
    date: st.dates(),
    time: st.times(),
    timedelta: st.timedeltas(),
    UUID: st.uuids(),
    Any: ANYTHING,
    type(None): st.none(),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """A strategy for the values of a payload's annotation."""
    if kind in SCALARS:
        return SCALARS[kind]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind, include_extras=True)
        return st.builds(
            kind, **{f.name: values_of(hints[f.name]) for f in dataclasses.fields(kind)}
        )
    arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if is_sensitive(kind):
        return values_of(without_mark(kind))
    if origin is typing.Annotated:
        return shaped(kind.__metadata__[0].parts)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(values_of(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=3)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([values_of(each) for each in arguments])
    raise LookupError(f"no values for {kind!r}")


def shaped(parts: Mapping[Any, Any]) -> st.SearchStrategy[Any]:
    """A strategy for hashes or arrays with the parts of a shape."""
    inner = {
        step: shaped(part) if isinstance(part, Mapping) else values_of(part)
        for step, part in parts.items()
    }
    if ... in inner:
        return st.lists(inner[...], max_size=3)
    if all(isinstance(step, int) for step in inner):
        return st.tuples(*(inner.get(i, ANYTHING) for i in range(max(inner) + 1))).map(list)
    return st.fixed_dictionaries({"other": ANYTHING, **inner})


@pytest.fixture(params=[pytest.param(folder, id=folder.name) for folder in FOLDERS])
def jobs(
    request: pytest.FixtureRequest, tmp_path: Path, compiled_case: Callable[[Path], Output]
) -> Iterator[tuple[Any, ...]]:
    """The job types of a case; none if it does not compile."""
    output = compiled_case(request.param)
    if not output.files:
        yield ()
        return
    with imported(output.modules, tmp_path) as package:
        for module in output.modules:
            importlib.import_module(f".{module.removesuffix('.py')}", package.__name__)
        yield package.JOBS


def test_payloads_arrive_as_they_were(jobs: tuple[Any, ...]) -> None:
    for job_type in jobs:
        check(job_type)


def check(job_type: Any) -> None:
    """Encode payloads as the enqueue does, and decode them as a worker does."""

    @settings(
        max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(values_of(job_type.payload))
    def arrives(payload: Any) -> None:
        stored = json.dumps(json.loads(encode(payload), parse_float=Decimal), default=float)
        assert job_type.decode(stored) == payload

    arrives()
