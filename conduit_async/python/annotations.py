"""Types as Python annotations."""

import builtins
from collections.abc import Callable, Iterable, Mapping

from ..names import record_name, snapshot_name
from ..program import Capture
from ..types import (
    EACH,
    KINDS,
    AnyType,
    Array,
    Enum,
    FunctionType,
    Hash,
    NilType,
    Optional,
    Query,
    Range,
    Record,
    Scalar,
    Shape,
    Struct,
    Type,
    TypeVariable,
    Union,
    is_nullable,
    required,
)
from . import literals
from .imports import Imports


def annotation(
    of: Type, imports: Imports, records: str = ".records", *, snapshots: bool = False
) -> str:
    """Return a type as an annotation; `records` is the module of rows, empty in that module."""

    def local(name: str) -> str:
        return imports.use(records, name) if records else name

    def write(item: Type) -> str:
        match item:
            case Optional():
                return f"{write(item.item)} | None"
            case NilType():
                return "None"
            case Scalar("regex"):
                return f"{imports.module('re')}.Pattern[str]"
            case Scalar("error"):
                return imports.runtime("ErrorValue")
            case Scalar():
                return imports.use(*item.python)
            case Array():
                return f"{imports.use('builtins', 'list')}[{write(item.item)}]"
            case Hash():
                return f"{imports.use('builtins', 'dict')}[{write(item.key)}, {write(item.value)}]"
            case Enum(name) | Struct(name):
                return local(name)
            case Record(name):
                return local(snapshot_name(name) if snapshots else record_name(name))
            case Range():
                return imports.runtime("Range")
            case Query(name):
                return f"{imports.use('builtins', 'list')}[{local(record_name(name))}]"
            case AnyType() | FunctionType() | TypeVariable() | Union():
                return imports.use("typing", "Any")

    return write(of)


def scalar(name: str, imports: Imports) -> str:
    """Return the annotation of a scalar, by its name in a lock; `Any` if it is unknown."""
    return imports.use(*(KINDS[name].python if name in KINDS else ("typing", "Any")))


def hiding(fields: Iterable[tuple[str, Callable[[Imports], str]]]) -> set[str]:
    """Return the fields of a class whose names hide the type of a later field.

    Each field is its name and a function that writes its type.
    """
    found: set[str] = set()
    seen: set[str] = set()
    for name, write in fields:
        imports = Imports(dir(builtins))
        write(imports)
        found |= seen & {each for _, each in imports.names()}
        seen.add(name)
    return found


def named(imports: Imports, names: Mapping[str, str], *own: str) -> str | None:
    """Return the decorator that records the source's names, if any differs from the Python name.

    `names` are the attributes' names in the source, by their Python names. `own` is the source's
    name of the decorated object, if it differs.
    """
    texts = [literals.quoted(name) for name in own]
    renamed = ((python, name) for python, name in names.items() if python != name)
    texts += [f"{python}={literals.quoted(name)}" for python, name in renamed]
    return f"{imports.runtime('named')}({', '.join(texts)})" if texts else None


def stored(of: Type, imports: Imports) -> str:
    """Return the type of a value outside of compiled code, where records are snapshots."""
    return annotation(of, imports, snapshots=True)


def payload_type(capture: Capture, imports: Imports) -> str:
    """Return the type of a payload's field, with the shape of its parts if the type lacks it."""
    text = stored(capture.type, imports)
    if capture.shape is not None:
        shape = f"{imports.runtime('Shape')}({_parts(capture.shape, imports)})"
        text = f"{imports.use('typing', 'Annotated')}[{text}, {shape}]"
    return f"{imports.runtime('Sensitive')}[{text}]" if capture.is_sensitive else text


def _parts(shape: Shape, imports: Imports) -> str:
    items = (
        (literals.quoted(step) if isinstance(step, str) else "..." if step == EACH else step, part)
        for step, part in shape.parts
    )
    texts = (
        f"{step}: {_parts(part, imports) if isinstance(part, Shape) else stored(part, imports)}"
        for step, part in items
    )
    return f"{{{', '.join(texts)}}}"


def union_of(types: tuple[Type, ...], imports: Imports) -> str:
    """Return the union of types outside of compiled code, without repeats, None last."""
    if not types or any(isinstance(of, AnyType) for of in types):
        return imports.use("typing", "Any")
    texts = dict.fromkeys(stored(required(of), imports) for of in types)
    nullable = texts.pop("None", "") is None or any(is_nullable(of) for of in types)
    return " | ".join([*texts, *(["None"] if nullable else [])])
