"""`match` and `rescue`: as statements, and as values."""

from contextlib import ExitStack
from dataclasses import replace

from ... import ast
from ...analyses.looping import waits
from ...analyses.walk import walk
from ...program import LibraryCall, RecordCall, RelationUse, ServiceCall
from ...python import literals
from ...python.code import NONE, Code, Effect, Line, Precedence, combine, compound
from ...types import (
    ANY,
    BOOL,
    DECIMAL,
    FLOAT,
    INT,
    JSON,
    STRING,
    Enum,
    is_nullable,
    optional,
    required,
)
from ..functions import blocks, variables
from ..functions.blocks import block, value
from ..functions.destination import Destination
from ..functions.function_builder import FunctionBuilder, described, variable_for
from ..python.branching import chain
from ..python.typing import DYNAMIC, type_of
from .comparisons import equals, within
from .dispatch import Lowering, Operand, lower, rule
from .lambdas import nested_function


@rule(ast.Match, ast.Rescue)
def as_value(fn: FunctionBuilder, node: ast.Match | ast.Rescue, operand: Operand) -> Lowering:
    """A `match` or `rescue` inside of an expression: its value in a variable."""
    name = fn.fresh("result" if isinstance(node, ast.Match) else variable_for(node))
    expected = type_of(fn, node)
    if operand.expected is not None and required(operand.expected) != DECIMAL:
        expected = optional(operand.expected) if is_nullable(expected) else operand.expected
    kind = fn.module.annotation(expected)
    if operand.composed:
        kind = variables.select_type(fn, type_of(fn, node))
    dest = Destination("name", name, kind, expected, first=True, composed=operand.composed)
    return Code(name, before=tuple(value(fn, node, dest)))
    yield


@blocks.rule(ast.Match)
def match(fn: FunctionBuilder, node: ast.Match, dest: Destination) -> list[Line]:
    """`match e { … }`."""
    subject = lower(fn, node.subject)
    literal = all(_is_literal(fn, node, pattern) for arm in node.arms for pattern in arm.patterns)
    if not literal and not subject.repeatable:
        subject = fn.hoist(subject, variable_for(node.subject))
    before = [*subject.before, *dest.declared]
    lower_arms = _by_pattern if literal else _by_condition
    arms = lower_arms(fn, node, replace(subject, before=()), _of_arms(fn, node, dest))
    return [*before, *arms]


def _of_arms(fn: FunctionBuilder, node: ast.Match | ast.Rescue, dest: Destination) -> Destination:
    """Where the values go of which one is that of the whole."""
    holds_any = type_of(fn, node) in DYNAMIC and dest.expected is not None
    unchecked = dest.unchecked or (holds_any and required(dest.expected or ANY) not in DYNAMIC)
    return replace(dest, annotation=None, first=False, unchecked=unchecked)


def _is_literal(fn: FunctionBuilder, node: ast.Match, pattern: ast.Pattern) -> bool:
    """Whether Python's `case` compares as Conduit does."""
    kind = required(type_of(fn, node.subject))
    match pattern:
        case ast.Wildcard() | ast.Nil() | ast.Bool() | ast.Symbol():
            return True
        case ast.String(value=str()):
            return kind in (STRING, ANY, JSON) or isinstance(kind, Enum)
        case ast.Int() | ast.Float() | ast.Unary(operand=ast.Int() | ast.Float()):
            return kind in (INT, FLOAT)
    return False


def _by_pattern(
    fn: FunctionBuilder, node: ast.Match, subject: Code, dest: Destination
) -> list[Line]:
    cases: list[tuple[str, list[Line]]] = []
    is_complete = not fn.module.facts.unmatched[node]
    last = _completing(fn, node) if is_complete else None
    for arm in node.arms:
        texts = ["_" if isinstance(p, ast.Wildcard) else lower(fn, p).text for p in arm.patterns]
        with fn.branch():
            body = block(fn, arm.body, dest)
        takes_all = "_" in texts or arm is last
        cases.append(("_" if takes_all else " | ".join(texts), body))
        if takes_all:
            break
    else:
        otherwise = _otherwise(fn, node, dest)
        cases += [("_", otherwise)] if otherwise or not is_complete else []
    lines = [compound(f"case {pattern}:", body, Effect.NONE) for pattern, body in cases]
    return [compound(f"match {subject.text}:", lines, subject.effect)]


def _completing(fn: FunctionBuilder, node: ast.Match) -> ast.Arm | None:
    """The arm for the last value of a bool; of an enum, a later version may know another one."""
    kind = type_of(fn, node.subject)
    if required(kind) != BOOL:
        return None
    left = {True, False, *([None] if is_nullable(kind) else [])}
    for arm in node.arms:
        left -= {pattern.value for pattern in arm.patterns if isinstance(pattern, ast.Bool)}
        left -= {None for pattern in arm.patterns if isinstance(pattern, ast.Nil)}
        if not left:
            return arm
    return None


def _otherwise(fn: FunctionBuilder, node: ast.Match, dest: Destination) -> list[Line]:
    """What happens when no arm matches: of arms that name all values, only one that is new."""
    if dest.kind == "nowhere":
        return []
    if fn.module.facts.unmatched[node]:
        return dest.put(NONE)
    error = fn.module.imports.runtime("ConduitError")
    message = literals.quoted(f"no arm matches the value of {described(node.subject)}")
    return [Line(f"raise {error}({message})", effect=Effect.FAILS)]


def _by_condition(
    fn: FunctionBuilder, node: ast.Match, subject: Code, dest: Destination
) -> list[Line]:
    arms: list[tuple[Code, list[Line]]] = []
    with ExitStack() as rest:
        for arm in node.arms:
            patterns = [each for each in arm.patterns if not isinstance(each, ast.Wildcard)]
            tests = [_test(fn, node, subject, pattern) for pattern in patterns]
            with fn.branch():
                body = block(fn, arm.body, dest)
            if len(tests) < len(arm.patterns):
                otherwise = body
                break
            text = " or ".join(test.at(Precedence.NOT) for test in tests)
            arms.append((combine(text, Precedence.OR, tests) if tests[1:] else tests[0], body))
            rest.enter_context(fn.branch())  # a later pattern is only asked if this one fails
        else:
            otherwise = _otherwise(fn, node, dest)
    return chain(arms, otherwise)


def _test(fn: FunctionBuilder, node: ast.Match, subject: Code, pattern: ast.Expr) -> Code:
    kind = type_of(fn, node.subject)
    if isinstance(pattern, ast.Binary) and pattern.operator in ("..", "..."):
        low, high = lower(fn, pattern.left), lower(fn, pattern.right)
        kinds = required(kind), type_of(fn, pattern)
        test = within(fn, subject, kinds, low, high, pattern.operator)
        if kinds[0] == kind or test.precedence != Precedence.COMPARISON:
            return within(fn, subject, (kind, kinds[1]), low, high, pattern.operator)
        text = f"{subject.at(Precedence.SUM)} is not None and {test.text}"  # as type checkers ask
        return combine(text, Precedence.AND, [test])
    code = lower(fn, pattern)
    return equals(fn, subject, kind, code, type_of(fn, pattern))


@blocks.rule(ast.Rescue)
def rescue(fn: FunctionBuilder, node: ast.Rescue, dest: Destination) -> list[Line]:
    """`e rescue |err| { … }`."""
    plain = _of_arms(fn, node, dest)
    with fn.branch():
        tried = value(fn, node.operand, plain)
    outside = ServiceCall | RecordCall | RelationUse
    touched = any(isinstance(fn.resolved(each), outside) for each in walk(node.operand))
    if fn.place == "hook" and touched:  # what fails in the database would end the transaction
        head = "async with" if fn.awaits else "with"
        tried = [compound(f"{head} {fn.handle}.savepoint():", tried)]
    outer, (head, first) = fn.caught, _error(fn, node)
    is_value = plain.kind == "name" or plain.unread
    fallback = _in_branches(node.body) if is_value else node.body
    if is_value and _early(fallback):
        body = _by_function(fn, node.body, plain)
    else:
        with fn.branch(), fn.having(return_dest=plain if is_value else fn.return_dest):
            body = block(fn, fallback, plain)
    body = [*first, *body]
    fn.caught = outer
    if not body and not dest.annotation:
        suppress = fn.use("contextlib", "suppress")
        return [compound(f"with {suppress}({fn.builtin('Exception')}):", tried)]
    none = Effect.NONE
    return [*dest.declared, compound("try:", tried, none), compound(head, body, none)]


def _by_function(fn: FunctionBuilder, body: ast.Block, dest: Destination) -> list[Line]:
    """A block that may give its value before its end, as a function that returns it."""
    inner = replace(dest, kind="return")
    function = nested_function(fn, body, body, inner, dest.expected or ANY)
    head = "await " if fn.awaits and waits(fn.module.facts, body) else ""
    value = Code(f"{head}{function.text}()", Precedence.AWAIT, effect=Effect.ACTS)
    return [*function.before, *dest.put(value)]


def _in_branches(block: ast.Block) -> ast.Block:
    """A block in which an `if` that always leaves gets what follows it as its `else`."""
    for index, each in enumerate(block.statements[:-1]):
        if (
            isinstance(each, ast.If)
            and each.otherwise is None
            and all(
                branch.body.statements
                and isinstance(branch.body.statements[-1], ast.Return | ast.Raise)
                for branch in each.branches
            )
        ):
            rest = ast.Block(block.span, block.statements[index + 1 :])
            whole = ast.If(each.span, each.branches, _in_branches(rest), each.negated)
            return ast.Block(block.span, (*block.statements[:index], whole))
    return block


def _early(block: ast.Block) -> bool:
    """Whether a block may give its value before its end."""
    statements = block.statements
    return any(_returns_early(each, each is statements[-1]) for each in statements)


def _returns_early(statement: ast.Statement, is_last: bool) -> bool:
    if isinstance(statement, ast.Return):
        return False
    if is_last and isinstance(statement, ast.If):
        bodies = [branch.body for branch in statement.branches]
        otherwise = [statement.otherwise] if statement.otherwise is not None else []
        return any(_early(each) for each in (*bodies, *otherwise))
    return any(isinstance(node, ast.Return) for node in walk(statement, ast.Async | ast.Lambda))


def _error(fn: FunctionBuilder, node: ast.Rescue) -> tuple[str, list[Line]]:
    """The `except` line, and what makes the error a value where it is used as one."""
    local = fn.module.facts.declared.get(node)
    uses = {each for each in walk(node.body) if local and fn.resolved(each) is local}
    raises = any(isinstance(each, ast.Raise) for each in walk(node.body, ast.Async))
    exception = fn.builtin("Exception")
    if local is None or not uses:
        fn.caught = fn.fresh("error") if raises else None
        return f"except {exception}{f' as {fn.caught}' if raises else ''}:", []
    name = fn.caught = fn.local(local)
    if uses <= _logged(fn, node.body):
        return f"except {exception} as {name}:", []
    caught = fn.caught = fn.fresh("error" if name != "error" else "caught")
    error_value = fn.module.imports.runtime("ErrorValue")
    return f"except {exception} as {caught}:", [Line(f"{name} = {error_value}.of({caught})")]


def _logged(fn: FunctionBuilder, body: ast.Block) -> set[ast.Node | None]:
    """What is handed to the logger by name, which takes an exception as it is."""
    found: set[ast.Node | None] = set()
    for node in walk(body, ast.Async):
        call = fn.resolved(node)
        if isinstance(call, LibraryCall) and call.signature.namespace == "Logger":
            found.update(call.arguments[1:])
            found.update(argument.value for argument in call.extra)
    return found
