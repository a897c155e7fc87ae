"""Lowering of expressions, without recursion: a chain of 20,000 operators is a deep tree.

A rule is a generator: it yields the operands that it wants lowered, is sent their code, and
returns its own.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ... import ast
from ...analyses.walk import walk
from ...python.code import NONE, Code, Effect, Line, Precedence, call, close, combine
from ...python.literals import quoted
from ...types import DECIMAL, FLOAT, INT, NIL, STRING, Array, Enum, Hash, Type, required
from ..functions.function_builder import FunctionBuilder, variable_for
from ..python.typing import DYNAMIC, as_any, holds_any, type_of
from .snapshots import RecordForm, coerce_record

MAX_DEPTH = 20
"""Deeper expressions are split over several statements, which CPython and type checkers need."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A operand of a rule: `node` lowered.

    `lazy`: it may not be evaluated at all. `chain`: its guards are left open, for `.b` in `a?.b`.
    `maybe`: nil is welcome, also where a missing row would be an error. `expected` is the type
    of the place where the value goes, `name` the variable that begins with it. `record` is what
    the place takes for a record.
    `composed`: a query is wanted as a value, not its rows.
    """

    node: ast.Expr
    lazy: bool = False
    chain: bool = False
    maybe: bool = False
    expected: Type | None = None
    name: str | None = None
    record: RecordForm = "row"
    composed: bool = False


Lowering: TypeAlias = Generator[Operand, Code, Code]
Rule: TypeAlias = Callable[[FunctionBuilder, Any, Operand], Lowering]

RULES: dict[type[ast.Node], Rule] = {}


def rule(*kinds: type[ast.Node]) -> Callable[[Rule], Rule]:
    """Register the rule for some kinds of expressions."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(kinds, function))
        return function

    return register


_COMPOSING: list[Rule] = []
_CHOICES = ast.Ternary | ast.Binary | ast.Match | ast.Rescue | ast.Unwrap | ast.Nil


def composes(function: Rule) -> Rule:
    """Register the rule for a query that is wanted as a value."""
    _COMPOSING.append(function)
    return function


def _rule_of(operand: Operand) -> Rule:
    if operand.composed and not isinstance(operand.node, _CHOICES):
        return _COMPOSING[0]
    return RULES[type(operand.node)]


def lower(
    fn: FunctionBuilder,
    node: ast.Expr,
    *,
    maybe: bool = False,
    chain: bool = False,
    expected: Type | None = None,
    name: str | None = None,
    record: RecordForm = "row",
    composed: bool = False,
) -> Code:
    """An expression as Python."""
    stack: list[tuple[Lowering, Operand]] = []
    wanted: Operand | None = Operand(node, False, chain, maybe, expected, name, record, composed)
    code: Code | None = None
    while True:
        if wanted is not None:
            fn.lazy += wanted.lazy
            lowering = _rule_of(wanted)(fn, wanted.node, wanted)
            stack.append((lowering, wanted))
            code = None
        lowering, operand = stack[-1]
        try:
            wanted = next(lowering) if code is None else lowering.send(code)
        except StopIteration as stop:
            stack.pop()
            code = _finished(fn, operand, stop.value)
            fn.lazy -= operand.lazy
            wanted = None
            if not stack:
                return code
            code = nil_after_call(fn, operand.node, code)


def nil_after_call(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """A call that gives nothing, where a value is wanted: a statement, then nil."""
    if type_of(fn, node) != NIL or not code.text.endswith(")"):
        return code
    return replace(NONE, before=(*code.before, Line(code.text, effect=code.effect)))


def condition(fn: FunctionBuilder, node: ast.Expr) -> Code:
    """An expression of which only the truth is_observable."""
    code = lower(fn, node, maybe=True, chain=True)
    if not code.guards:
        return code
    text = " and ".join([*code.guards, code.at(Precedence.NOT)])
    return replace(code, text=text, precedence=Precedence.AND, guards=())


def _finished(fn: FunctionBuilder, operand: Operand, code: Code) -> Code:
    if not operand.chain or ast.is_closed(operand.node) or code.depth > MAX_DEPTH:
        code = close(code)
    if operand.expected is not None:
        code = _coerce(fn, operand, code)
    code = coerce_record(fn, operand.node, code, operand.record)
    if code.depth > MAX_DEPTH:
        return fn.hoist(code, variable_for(operand.node))
    is_narrowed = operand.node in fn.module.facts.narrowed
    if is_narrowed and code.repeatable and (fn.inner or fn.forgets_narrowing(operand.node)):
        what = quoted(" ".join(operand.node.span.text.split()))
        text = f"{fn.module.imports.operator('unwrap')}({code.text}, {what})"
        return combine(text, Precedence.PRIMARY, [code])
    return code


def _is_value_of(kind: Enum, node: ast.Expr, actual: Type) -> bool:
    """Whether a value is certain to be one of an enum's: a constant was checked before."""
    actual = required(actual)
    if isinstance(actual, Enum):
        # type checkers take an enum's value for any text once a literal has held it
        is_told = not any(
            isinstance(each, ast.ArrayLiteral | ast.HashLiteral) for each in walk(node)
        )
        return is_told and set(actual.values) <= set(kind.values)
    if isinstance(node, ast.String):
        return node.value is not None
    return isinstance(node, ast.Symbol) or actual == NIL


def _coerce_items(fn: FunctionBuilder, node: ast.Expr, wanted: Array, code: Code) -> Code:
    """An array whose items are wanted as others; a literal has seen to its own items."""
    if (retyped := _as_texts(fn, node, wanted, code)) is not None:
        return retyped
    item, actual = required(wanted.item), required(type_of(fn, node))
    if isinstance(node, ast.ArrayLiteral) or actual == wanted:
        return code
    if isinstance(item, Enum):
        function = fn.module.imports.operator("enum_value")
        each, effect = f"{function}({fn.module.annotation(item)}, each)", Effect.FAILS
    elif item in (FLOAT, DECIMAL) and actual == Array(INT):
        each, effect = f"{fn.module.annotation(item)}(each)", Effect.NONE
    else:
        return code
    if actual == type_of(fn, node):
        code = fn.iterable(code, variable_for(node))
        return combine(
            f"[{each} for each in {code.at(Precedence.OR)}]", Precedence.ATOM, [code], effect
        )
    first, again = fn.twice(code, variable_for(node))
    text = f"[{each} for each in {again.text}] if {first.at(Precedence.SUM)} is not None else None"
    return combine(text, Precedence.TERNARY, [first], effect)


def _as_texts(fn: FunctionBuilder, node: ast.Expr, wanted: Type, code: Code) -> Code | None:
    """A collection of an enum's values as one of strings, which type checkers take for another."""
    actual = type_of(fn, node)
    match wanted, required(actual):
        case Array(item=item), Array(item=Enum()) if required(item) == STRING:
            pass
        case Hash(value=item), Hash(value=Enum()) if required(item) == STRING:
            pass
        case _:
            return None
    if isinstance(node, ast.ArrayLiteral | ast.HashLiteral):
        return None
    kind = fn.module.annotation(wanted)
    if actual == required(actual):
        return call(kind, [code])
    first, again = fn.twice(code, variable_for(node))
    text = f"{kind}({again.text}) if {first.at(Precedence.SUM)} is not None else None"
    return combine(text, Precedence.TERNARY, [first])


def results(node: ast.Expr) -> Iterator[ast.Expr]:
    """The expressions that may give the value of an expression."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.Ternary):
            pending += [current.otherwise, current.then]
        elif isinstance(current, ast.Binary) and current.operator == "??":
            pending += [current.right, current.left]
        else:
            yield current


def _coerce(fn: FunctionBuilder, operand: Operand, code: Code) -> Code:
    """The value as its place wants it: an int as a float or decimal, a text as one of an enum's."""
    actual = type_of(fn, operand.node)
    wanted = required(operand.expected) if operand.expected is not None else None
    if isinstance(wanted, Enum) and not all(
        _is_value_of(wanted, each, type_of(fn, each)) for each in results(operand.node)
    ):
        function = fn.module.imports.operator("enum_value")
        text = f"{function}({fn.module.annotation(wanted)}, {code.text})"
        return combine(text, Precedence.PRIMARY, [code], Effect.FAILS)
    if isinstance(wanted, Array) and isinstance(required(actual), Array) and not holds_any(actual):
        return _coerce_items(fn, operand.node, wanted, code)
    if isinstance(wanted, Hash) and (retyped := _as_texts(fn, operand.node, wanted, code)):
        return retyped
    unknown = actual in DYNAMIC and wanted not in DYNAMIC
    if unknown or (holds_any(actual) and wanted is not None and not holds_any(wanted)):
        literal = isinstance(operand.node, ast.ArrayLiteral | ast.HashLiteral)
        return code if literal else as_any(fn, operand.node, code)
    if wanted not in (DECIMAL, FLOAT) or required(actual) != INT:
        return code
    if wanted == FLOAT and code.text.removeprefix("-").isdecimal():
        return replace(code, text=f"{code.text}.0")
    kind = fn.module.annotation(wanted)
    if actual == INT:
        return call(kind, [code])
    first, again = fn.twice(code, variable_for(operand.node))
    text = f"{kind}({again.text}) if {first.at(Precedence.SUM)} is not None else None"
    return combine(text, Precedence.TERNARY, [first])
