"""Lowering of expressions, without recursion: a chain of 20,000 operators is a deep tree.

A rule is a generator: it yields the operands that it wants lowered, is sent their code, and
returns its own.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from ... import ast
from ...analyses.walk import walk
from ...python.code import NONE, Code, Line, Precedence, call, close, holds, list_from
from ...types import DECIMAL, FLOAT, INT, NIL, STRING, Array, Enum, Hash, Type, required
from ..functions.function_builder import FunctionBuilder, variable_for
from ..python.typing import DYNAMIC, as_any, enum_value, holds_any, type_of
from .snapshots import RecordForm, coerce_record

MAX_DEPTH = 20
"""Deeper expressions are split over several statements, which CPython and type checkers need."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand that a rule needs: `node` lowered.

    `lazy`: it may not be evaluated at all. `chain`: its guards are left open, for `.b` in `a?.b`.
    `maybe`: nil is welcome, also where a missing row would be an error. `expected` is the type
    of its destination, `name` the variable that begins with it, `record` the form of a record.
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


T = TypeVar("T")
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


def lower(fn: FunctionBuilder, wanted: ast.Expr | Operand) -> Code:
    """An expression as Python."""
    asked: Operand | None = wanted if isinstance(wanted, Operand) else Operand(wanted)
    stack: list[tuple[Lowering, Operand]] = []
    code: Code | None = None
    while True:
        if asked is not None:
            fn.lazy += asked.lazy
            composes = asked.composed and not isinstance(asked.node, _CHOICES)
            rule_ = _COMPOSING[0] if composes else RULES[type(asked.node)]
            stack.append((rule_(fn, asked.node, asked), asked))
            code = None
        lowering, operand = stack[-1]
        try:
            asked = next(lowering) if code is None else lowering.send(code)
        except StopIteration as stop:
            stack.pop()
            code = _finished(fn, operand, stop.value)
            fn.lazy -= operand.lazy
            asked = None
            if not stack:
                return code
            code = nil_after_call(fn, operand.node, code)


def lower_all(fn: FunctionBuilder, steps: Generator[Operand, Code, T]) -> T:
    """What some steps return that need operands, outside of a rule."""
    try:
        operand = next(steps)
        while True:
            operand = steps.send(lower(fn, operand))
    except StopIteration as stop:
        result: T = stop.value
        return result


def source_order(nodes: Sequence[ast.Expr]) -> list[int]:
    """The indexes of expressions, in the order of the source."""
    return sorted(range(len(nodes)), key=lambda index: nodes[index].span.start)


def in_positions(parts: Sequence[Code], positions: Sequence[int]) -> list[Code]:
    """Operands in the order in which they are written."""
    return [parts[index] for index in sorted(range(len(parts)), key=positions.__getitem__)]


def nil_after_call(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """A call that gives nothing, where a value is wanted: a statement, then nil."""
    if type_of(fn, node) != NIL or not code.text.endswith(")"):
        return code
    return replace(NONE, before=(*code.before, Line(code.text, effect=code.effect)))


def condition(fn: FunctionBuilder, node: ast.Expr) -> Code:
    """An expression of which only the truth matters."""
    code = lower(fn, Operand(node, maybe=True, chain=True))
    if not code.guards:
        return code
    text = f"{holds(code.guards).text} and {code.at(Precedence.NOT)}"
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
        return fn.unwrap(code, operand.node)
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
    """An array whose items are wanted as others; a literal coerces its own items."""
    item, actual = required(wanted.item), required(type_of(fn, node))
    if isinstance(node, ast.ArrayLiteral) or actual == wanted:
        return code
    if isinstance(item, Enum):
        made = enum_value(fn, item, Code("each"))
    elif item in (FLOAT, DECIMAL) and actual == Array(INT):
        made = call(fn.module.annotation(item), [Code("each")])
    else:
        return code

    def items(array: Code) -> Code:
        return list_from(made, "each", array)

    if actual != type_of(fn, node):
        return fn.unless_nil(code, variable_for(node), lambda each: items(each).text, made.effect)
    return items(fn.iterable(code, variable_for(node)))


def _converted(fn: FunctionBuilder, node: ast.Expr, wanted: Type, code: Code) -> Code:
    """A value as the class of a type takes it; nil stays nil."""
    kind = fn.module.annotation(wanted)
    if required(type_of(fn, node)) == type_of(fn, node):
        return call(kind, [code])
    return fn.unless_nil(code, variable_for(node), lambda value: f"{kind}({value.text})")


def _is_of_texts(node: ast.Expr, wanted: Type | None, actual: Type) -> bool:
    """Whether a collection of an enum's values is wanted as one of strings.

    Type checkers take it for another one, unless it is a literal.
    """
    match wanted, required(actual):
        case (Array(item), Array(Enum())) | (Hash(_, item), Hash(_, Enum())):
            literal = isinstance(node, ast.ArrayLiteral | ast.HashLiteral)
            return required(item) == STRING and not literal
    return False


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
    """The value as it is expected: an int as a float or decimal, a text as one of an enum's."""
    actual = type_of(fn, operand.node)
    wanted = required(operand.expected) if operand.expected is not None else None
    if isinstance(wanted, Enum) and not all(
        _is_value_of(wanted, each, type_of(fn, each)) for each in results(operand.node)
    ):
        return enum_value(fn, wanted, code)
    if wanted is not None and _is_of_texts(operand.node, wanted, actual):
        return _converted(fn, operand.node, wanted, code)
    if isinstance(wanted, Array) and isinstance(required(actual), Array) and not holds_any(actual):
        return _coerce_items(fn, operand.node, wanted, code)
    unknown = actual in DYNAMIC and wanted not in DYNAMIC
    if unknown or (holds_any(actual) and wanted is not None and not holds_any(wanted)):
        literal = isinstance(operand.node, ast.ArrayLiteral | ast.HashLiteral)
        return code if literal else as_any(fn, operand.node, code)
    if wanted not in (DECIMAL, FLOAT) or required(actual) != INT:
        return code
    if wanted == FLOAT and code.text.removeprefix("-").isdecimal():
        return replace(code, text=f"{code.text}.0")
    return _converted(fn, operand.node, wanted, code)
