"""Records leave the compiled code as snapshots, and a job is given snapshots of records.

A snapshot lacks the sensitive columns. In a hook, a record is the row itself. A record that a job
loads is a row too; records in a payload are snapshots.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

from ... import ast
from ...python.code import Code, Precedence, close, combine
from ...types import Array, Hash, Optional, Record, Type, holds_record, required
from ..functions.function_builder import FunctionBuilder
from ..functions.naming import Hint
from ..python.typing import as_type, holds_any, type_of

RecordForm: TypeAlias = Literal["row", "snapshot", "either"]
"""The expected form of a record; for type checkers, a snapshot is cast to a row."""


def record_form_of(kind: Type | None) -> RecordForm:
    """Return the form of a record for an expected type: a snapshot if the type may be any."""
    return "snapshot" if kind is not None and holds_any(kind) else "row"


def coerce_record(fn: FunctionBuilder, node: ast.Expr, code: Code, wanted: RecordForm) -> Code:
    """Convert the records of a value to the expected form."""
    if wanted == "snapshot":
        return as_snapshot(fn, node, code)
    kind = type_of(fn, node)
    is_cast = wanted == "row" and fn.holds_snapshot(node) and holds_record(kind)
    return as_type(fn, code, kind) if is_cast else code


def as_snapshot(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """Convert a value that leaves the compiled code; a literal converts its own parts."""
    if fn.holds_snapshot(node) or isinstance(node, ast.ArrayLiteral | ast.HashLiteral):
        return code
    kind = type_of(fn, node)
    code = close(code) if code.assigns else code
    if not code.guards:
        return snapshot_of(fn, kind, code, node)
    with fn.overriding(lazy=fn.lazy + 1):  # code behind guards cannot become a statement
        made = snapshot_of(fn, kind, replace(code, guards=()), node)
    return replace(made, guards=code.guards)


def snapshot_of(fn: FunctionBuilder, kind: Type, code: Code, hint: Hint = "row") -> Code:
    """Convert the records of a value to snapshots; leave other values."""
    if not holds_record(kind) or code.text == "None":
        return code
    if isinstance(kind, Optional):
        return fn.unless_nil(code, hint, lambda value: _converted(fn, required(kind), value))
    code = fn.iterable(code, hint)
    return combine(_converted(fn, kind, code), Precedence.PRIMARY, [code])


def _converted(fn: FunctionBuilder, kind: Type, code: Code) -> str:
    match kind:
        case Record(resource):
            return f"{fn.module.snapshot_class(resource)}.of({code.text})"
        case Array(item):
            name = "row" if isinstance(required(item), Record) else "part"
            each = _converted(fn, item, Code(name))
            return f"[{each} for {name} in {code.at(Precedence.OR)}]"
        case Hash(_, item):
            each = _converted(fn, item, Code("part"))
            return f"{{key: {each} for key, part in {code.at(Precedence.PRIMARY)}.items()}}"
        case Optional(item):
            return f"{_converted(fn, item, code)} if {code.text} is not None else None"
    return code.text
