"""Records that leave the compiled code go as snapshots; snapshots stand for records in a job.

A snapshot is without the sensitive columns. In a hook a record is the row itself, and so is one
that a job loads; what a job was given are snapshots.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

from ... import ast
from ...types import ANY, Array, Hash, Optional, Record, Type, holds_record, required
from ..functions.function_builder import Frame, variable_for
from ..python.code import Code, Strength, close, made_of
from ..python.typing import is_loose, type_of

RecordAs: TypeAlias = Literal["row", "snapshot", "either"]
"""What a place takes for a record; type checkers have to be told that a snapshot is a row."""


def place_of(kind: Type | None) -> RecordAs:
    """What a record becomes in a place of a type: where nothing tells it is one, a snapshot."""
    return "snapshot" if kind is not None and is_loose(kind) else "row"


def fitted_record(frame: Frame, node: ast.Expr, code: Code, wanted: RecordAs) -> Code:
    """A value whose records are as a place takes them."""
    if wanted == "snapshot":
        return outgoing(frame, node, code)
    return as_row(frame, node, code) if wanted == "row" else code


def outgoing(frame: Frame, node: ast.Expr, code: Code) -> Code:
    """A value that leaves the compiled code; a literal has seen to what is in it."""
    if frame.holds_snapshot(node) or isinstance(node, ast.ArrayLiteral | ast.HashLiteral):
        return code
    kind, hint = type_of(frame, node), variable_for(node)
    code = close(code) if code.assigns else code
    if not code.guards:
        return snapshot_of(frame, kind, code, hint)
    frame.lazy += 1  # what is behind the guards is no statement of its own
    made = snapshot_of(frame, kind, replace(code, guards=()), hint)
    frame.lazy -= 1
    return replace(made, guards=code.guards)


def as_row(frame: Frame, node: ast.Expr, code: Code) -> Code:
    """A snapshot where a record is expected."""
    kind = frame.module.facts.types.get(node, ANY)
    if not frame.holds_snapshot(node) or not holds_record(kind):
        return code
    cast = frame.module.imports.use("typing", "cast")
    annotation = frame.module.annotation(kind)
    return made_of(f'{cast}("{annotation}", {code.text})', Strength.PRIMARY, [code])


def snapshot_of(frame: Frame, kind: Type, code: Code, hint: str = "row") -> Code:
    """The records of a value as snapshots; anything else as it is."""
    if not holds_record(kind):
        return code
    if not isinstance(kind, Optional):
        code = frame.iterable(code, hint)
        return made_of(_converted(frame, kind, code), Strength.PRIMARY, [code])
    first, again = frame.twice(code, hint)
    text = f"{_converted(frame, kind.item, again)} if {first.text} is not None else None"
    return made_of(text, Strength.TERNARY, [first])


def _converted(frame: Frame, kind: Type, code: Code) -> str:
    match kind:
        case Record(resource):
            return f"{frame.module.snapshot_class(resource)}.of({code.text})"
        case Array(item):
            name = "row" if isinstance(required(item), Record) else "part"
            each = _converted(frame, item, Code(name))
            return f"[{each} for {name} in {code.at(Strength.OR)}]"
        case Hash(_, item):
            each = _converted(frame, item, Code("part"))
            return f"{{key: {each} for key, part in {code.at(Strength.PRIMARY)}.items()}}"
        case Optional(item):
            return f"{_converted(frame, item, code)} if {code.text} is not None else None"
    return code.text
