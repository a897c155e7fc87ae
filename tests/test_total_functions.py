"""Functions that the compiler treats as total never fail for arguments of their types."""

import re
from datetime import UTC
from typing import Any

import pytest
from conduit_runtime import stdlib
from hypothesis import given, settings
from hypothesis import strategies as st

from conduit_async.library import LIBRARY, Parameter, Signature
from conduit_async.types import (
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    REGEX,
    STRING,
    TIME,
    TIMESTAMP,
    Array,
    FunctionType,
    Hash,
    Optional,
    Type,
    TypeVariable,
    Union,
)

TOTAL = [each for functions in LIBRARY.values() for each in functions.values() if each.total]

SCALARS: dict[Type, st.SearchStrategy[Any]] = {
    STRING: st.text(),
    INT: st.integers(),
    FLOAT: st.floats(),
    DECIMAL: st.decimals(allow_nan=False),
    TIMESTAMP: st.datetimes(timezones=st.just(UTC)),
    DATE: st.dates(),
    TIME: st.times(),
    DURATION: st.timedeltas(),
    REGEX: st.sampled_from(["a+", r"\W", "(x)|y", ""]).map(re.compile),
}
ANYTHING = st.one_of(*SCALARS.values(), st.none(), st.lists(st.integers()))


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Values of a type."""
    match kind:
        case Optional(item):
            return st.none() | values(item)
        case Union(options):
            return st.one_of(*map(values, options))
        case TypeVariable("K"):
            return st.text() | st.integers()
        case TypeVariable(_, bound) if bound is not None:
            return values(bound)
        case Array(item):
            return st.lists(values(item))
        case Hash(key, value):
            return st.dictionaries(values(key), values(value))
        case FunctionType():
            return st.just(lambda value: value)
    return SCALARS.get(kind, ANYTHING)


def arguments(parameters: tuple[Parameter, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Arguments for parameters."""
    return st.tuples(*(values(parameter.type) for parameter in parameters))


@pytest.mark.parametrize("signature", TOTAL, ids=[each.call for each in TOTAL])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_it_never_fails(signature: Signature, data: st.DataObject) -> None:
    function = getattr(getattr(stdlib, signature.namespace), signature.python)
    function(*data.draw(arguments(signature.parameters)))
