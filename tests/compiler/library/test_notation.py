"""The notation for the signatures of the standard library."""

from conduit_async import assets
from conduit_async.library import LIBRARY, OF_UNKNOWN
from conduit_async.library.signature import NUMBER, Parameter, read_signatures
from conduit_async.types import (
    ANY,
    BOOL,
    INT,
    STRING,
    Array,
    FunctionType,
    TypeVariable,
    Union,
    optional,
)


def test_every_line_of_the_table_is_a_signature() -> None:
    lines = assets.read("library/signatures.txt").split("\n")
    heads = [line for line in lines if line and not line.startswith(("#", " "))]
    read = [*OF_UNKNOWN.values(), *(each for known in LIBRARY.values() for each in known.values())]
    assert len(read) == len(heads) > 80
    assert all(each.doc.endswith(".") for each in read)


def test_a_signature_with_everything() -> None:
    parameters = "a: array<T>, b: (string or int)? = nil, g: (T) -> any, ...rest: number"
    text = f"N.f?({parameters}) -> bool [method, python=is_f]\n    What it does.\n"
    (found,) = read_signatures(text)
    item = TypeVariable("T")
    assert found.parameters == (
        Parameter("a", Array(item)),
        Parameter("b", optional(Union((STRING, INT))), None),
        Parameter("g", FunctionType((item,), ANY)),
        Parameter("rest", NUMBER, rest=True),
    )
    assert (found.result, found.method, found.python, found.total) == (BOOL, True, "is_f", False)
    assert (found.call, found.doc) == ("N.f?", "What it does.")
