"""Write `library/signatures.txt` of the compiler from the standard library of the runtime.

With `--check` it writes nothing, and exits with 1 if the file differs from what it would write. The
kinds follow from the annotations; where these say something else, `Annotated[…, "kind"]` gives the
kind. `@named` gives the name if Python has another one, `@properties` what the compiler must know.
"""

import inspect
import json
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "runtime")]

from conduit_runtime import operators, stdlib  # noqa: E402
from conduit_runtime.model.kinds import KINDS  # noqa: E402
from conduit_runtime.model.text.names import further_names, source_name  # noqa: E402
from conduit_runtime.stdlib._namespace import properties_of  # noqa: E402

from conduit_async.names import python_name  # noqa: E402

PLACE = ROOT / "conduit_async" / "library" / "signatures.txt"
HEAD = """\
# Generated from `stdlib` by .ci/signatures.py; do not edit.
# The signatures of the standard library, `Namespace.name(parameters) -> result`, each with its
# properties (see `Signature`) and what it does. T and U are any types, K is that of keys, V that of
# values; `number` and `moment` are one type for a whole call. `...` takes any number of values.
"""
OPERATORS = """\
# Methods of strings and of arrays, for a value that may be either; the runtime's operators.
"""
ONE_TYPE = {(int, float, Decimal): "number", (datetime, date): "moment"}
"""The words for a type variable that is one of these types."""


def main() -> None:
    text = "\n".join(["".join(each) for each in sections()])
    if "--check" not in sys.argv[1:]:
        PLACE.write_text(text)
    elif PLACE.read_text() != text:
        sys.exit(f"Run `make signatures`, {PLACE.relative_to(ROOT)} is out of date")


def sections() -> Iterator[Iterator[str]]:
    yield iter([HEAD])
    for namespace in stdlib.NAMESPACES:
        functions = [getattr(namespace, name) for name in static_methods(namespace)]
        yield (each for function in functions for each in shown(function, f"{namespace.__name__}."))
    ambiguous = [each for each in vars(operators).values() if hasattr(each, "__conduit_name__")]
    yield iter([OPERATORS, *(each for function in ambiguous for each in shown(function))])


def static_methods(namespace: type[Any]) -> list[str]:
    return [name for name, each in vars(namespace).items() if isinstance(each, staticmethod)]


def shown(function: Any, prefix: str = "") -> Iterator[str]:
    """The lines of a function, once for each of its names."""
    hints = typing.get_type_hints(function, include_extras=True)
    taken, given = [], list(properties_of(function))
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.VAR_KEYWORD:
            given.append("named_values")
            continue
        rest = "..." if each.kind is each.VAR_POSITIONAL else ""
        default = "" if each.default is each.empty else f" = {written(each.default)}"
        taken.append(f"{rest}{each.name}: {kind(hints[each.name])}{default}")
    call = f"({', '.join(taken)}) -> {kind(hints['return'])}"
    about = (inspect.getdoc(function) or "").partition("\n")[0]
    for name in (source_name(function), *further_names(function)):
        own = [] if python_name(name) == function.__name__ else [f"python={function.__name__}"]
        listed = f" [{', '.join([*given, *own])}]" if given or own else ""
        yield f"{prefix}{name}{call}{listed}\n    {about}\n"


def written(default: object) -> str:
    return "nil" if default is None else json.dumps(default)


def kind(annotation: Any) -> str:
    """The kind that an annotation stands for, in the language's words."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return str(annotation.__metadata__[0])
    if isinstance(annotation, TypeVar):
        return ONE_TYPE.get(annotation.__constraints__) or annotation.__name__
    if origin in (Union, UnionType):
        options = [each for each in parts if each is not NoneType]
        known = ONE_TYPE.get(tuple(options)) or " or ".join(map(kind, options))
        if NoneType not in parts or known == "any":
            return known
        return f"({known})?" if " or " in known else f"{known}?"
    if origin is Literal:
        return f"enum [{', '.join(parts)}]"
    if origin is Callable:
        return f"({', '.join(map(kind, parts[0]))}) -> {kind(parts[1])}"
    if origin in (list, Sequence):
        return f"array<{kind(parts[0])}>"
    if origin in (dict, Mapping):
        return f"hash<{kind(parts[0])}, {kind(parts[1])}>"
    if origin is re.Pattern:
        return "regex"
    if annotation is NoneType:
        return "nil"
    return "any" if annotation in (Any, object) else KINDS[annotation].name


if __name__ == "__main__":
    main()
