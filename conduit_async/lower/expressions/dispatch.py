"""Lowers expressions without recursion, since a chain of 20,000 operators is a deep tree.

A rule is a generator: it yields operands to lower, receives their code, and returns the code of
the whole.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from ... import ast
from ...analyses.raising import evaluated
from ...program import Local, RaiseCall
from ...python.code import NONE, Code, Form, Line, Precedence, call, close, holds
from ...types import BOOL, NIL, Type, required
from ..functions.destination import NOWHERE
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, type_of
from .coercion import coerce
from .snapshots import RecordForm, coerce_record

MAX_CODE_DEPTH = 20
"""Deeper expressions are split into statements, for the limits of CPython and type checkers."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A request of a rule: lower `node`.

    `lazy`: the generated code may skip it. `chain`: its guards stay open, for `.b` in `a?.b`.
    `allows_nil`: also where a missing row would be an error. `expected` is the type of
    the destination, `name` the variable that is initialized with it, `record` the form of a record.
    `composed`: the value is the query, not its rows. `tested`: only its truth matters.
    """

    node: ast.Expr
    lazy: bool = False
    chain: bool = False
    allows_nil: bool = False
    expected: Type | None = None
    name: str | None = None
    record: RecordForm = "row"
    composed: bool = False
    tested: bool = False


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
    """Register the rule for a query that is used as a value."""
    _COMPOSING.append(function)
    return function


def lower(fn: FunctionBuilder, wanted: ast.Expr | Operand) -> Code:
    """Lower an expression to Python."""
    asked: Operand | None = wanted if isinstance(wanted, Operand) else Operand(wanted)
    stack: list[tuple[Lowering, Operand]] = []
    code: Code | None = None
    while True:
        if asked is not None:
            fn.lazy += asked.lazy
            rule_ = _rule_for(fn, asked)
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


def _rule_for(fn: FunctionBuilder, asked: Operand) -> Rule:
    facts = fn.module.facts
    if asked.node in facts.raising and not isinstance(fn.resolved(asked.node), RaiseCall):
        return _raising
    composes = asked.composed and not isinstance(asked.node, _CHOICES)
    return _COMPOSING[0] if composes else RULES[type(asked.node)]


def _raising(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> Lowering:
    """Lower an expression that always raises an error to what runs before it, and to the error."""
    facts = fn.module.facts
    before: tuple[Line, ...] = ()
    for each in evaluated(facts, node):
        if each not in facts.types or isinstance(each, ast.SelfRef | ast.Lambda):
            continue
        code = yield Operand(each, record="either")
        if each in facts.raising:
            return replace(code, before=(*before, *code.before))
        before = (*before, *code.before, *(NOWHERE.put(code) if code.effect.is_observable else ()))
    raise LookupError(f"{node!r} raises no error")


def lower_all(fn: FunctionBuilder, steps: Generator[Operand, Code, T]) -> T:
    """Run steps that yield operands, outside of a rule, and return their result."""
    try:
        operand = next(steps)
        while True:
            operand = steps.send(lower(fn, operand))
    except StopIteration as stop:
        result: T = stop.value
        return result


def nil_after_call(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """Split a call without a result, if its value is used, into a statement and nil."""
    is_call = code.text.endswith(")") and code.form is not Form.ANY
    if type_of(fn, node) != NIL or not is_call:
        return code
    return replace(NONE, before=(*code.before, Line(code.text, effect=code.effect)))


def condition(fn: FunctionBuilder, node: ast.Expr) -> Code:
    """Lower an expression as a condition; only its truth matters."""
    return under_guards(fn, node, lower(fn, test_of(node)))


def test_of(node: ast.Expr) -> Operand:
    """Return the operand of a condition."""
    return Operand(node, allows_nil=True, chain=True, tested=True)


def under_guards(fn: FunctionBuilder, node: ast.Expr, code: Code) -> Code:
    """A condition that holds only if the guards of its chain do: `a is not None and a.b`."""
    if not code.guards:
        return code
    inner = second_test(fn, node, replace(code, guards=()), BOOL)
    text = f"{holds(code.guards).text} and {inner.at(Precedence.NOT)}"
    return replace(code, text=text, precedence=Precedence.AND, guards=())


def second_test(fn: FunctionBuilder, node: ast.Expr, code: Code, first: Type) -> Code:
    """A condition behind one of another type, which type checkers would expect of a call in it."""
    is_call = code.precedence in (Precedence.AWAIT, Precedence.PRIMARY) and "(" in code.text
    is_other = required(type_of(fn, node)) not in (first, BOOL, *DYNAMIC)
    return truth(fn, code) if code.items is not None or (is_call and is_other) else code


def truth(fn: FunctionBuilder, code: Code) -> Code:
    """Whether a value is true, as a bool."""
    return call(fn.builtin("bool"), [code])


def _finished(fn: FunctionBuilder, operand: Operand, code: Code) -> Code:
    if code.form is Form.NEVER:
        return code
    if not operand.chain or ast.is_closed(operand.node) or code.depth > MAX_CODE_DEPTH:
        code = close(code)
    if operand.expected is not None:
        code = coerce(fn, operand.node, operand.expected, code)
    code = coerce_record(fn, operand.node, code, operand.record)
    if code.depth > MAX_CODE_DEPTH:
        return fn.hoist(code, operand.node)
    is_narrowed = operand.node in fn.module.facts.narrowed
    if is_narrowed and code.repeatable and (fn.inner or _forgets_narrowing(fn, operand.node)):
        return fn.unwrap(code, operand.node)
    return code


def _forgets_narrowing(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether type checkers no longer know that a part of a struct or a record is not nil.

    The check was before the job was enqueued, or before a struct around the part was replaced.
    """
    path = fn.module.path_of(node)
    if path is None:
        return False
    local, names = path[0], path[1:]
    if local == "self" and fn.record is not None:
        return len(names) > 1 and fn.locals.shares_structs
    if fn.job is None:
        return False
    if isinstance(local, Local):
        whole = bool(names) and fn.captured.find("local", (local.name,), local) is not None
    else:
        whole = len(names) > 1 and fn.captured.find("self_path", names) is None
    return whole and path in fn.module.facts.known_at.get(fn.job.block, frozenset())
