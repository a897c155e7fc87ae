"""`match` and `rescue`: as statements, and as values."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from ... import ast
from ...analyses.walk import walk
from ...program import LibraryCall, Local, RecordCall, RelationUse, ServiceCall
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
from ..functions.destination import Into
from ..functions.function_builder import Frame, variable_for
from ..functions.statements import after_loop
from ..python import literals
from ..python.branching import chain, is_loop
from ..python.code import NONE, Code, Effect, Line, Strength, body_of, indented, made_of
from ..python.typing import UNKNOWN, type_of
from .comparisons import equals, within
from .dispatch import Lowering, Operand, lower, rule


@rule(ast.Match, ast.Rescue)
def as_value(frame: Frame, node: ast.Match | ast.Rescue, wish: Operand) -> Lowering:
    """A `match` or `rescue` inside of an expression: its value in a variable."""
    name = frame.fresh("result" if isinstance(node, ast.Match) else variable_for(node))
    expected = type_of(frame, node)
    if wish.expected is not None and required(wish.expected) != DECIMAL:
        expected = optional(wish.expected) if is_nullable(expected) else wish.expected
    kind = frame.module.annotation(expected)
    if wish.composed:
        kind = variables.select_type(frame, type_of(frame, node))
    into = Into("name", name, kind, expected, first=True, composed=wish.composed)
    lines = value(frame, node, into)
    return Code(name, before=tuple(lines))
    yield


@blocks.rule(ast.Match)
def match(frame: Frame, node: ast.Match, into: Into) -> list[Line]:
    """`match e { … }`."""
    subject = lower(frame, node.subject)
    literal = all(
        _is_literal(frame, node, pattern) for arm in node.arms for pattern in arm.patterns
    )
    before = into.declared
    into = replace(into, annotation=None)
    into = _of_arms(frame, node, into)
    if literal:
        return [*subject.before, *before, *_by_pattern(frame, node, subject, into)]
    if not subject.repeatable:
        subject = frame.spill(subject, variable_for(node.subject))
    return [
        *subject.before,
        *before,
        *_by_condition(frame, node, replace(subject, before=()), into),
    ]


def _of_arms(frame: Frame, node: ast.Match | ast.Rescue, into: Into) -> Into:
    """Where the values go of which one is that of the whole."""
    is_loose = type_of(frame, node) in UNKNOWN and into.expected is not None
    untold = is_loose and required(into.expected or ANY) not in UNKNOWN
    return replace(into, first=False, untold=into.untold or untold)


def _is_literal(frame: Frame, node: ast.Match, pattern: ast.Pattern) -> bool:
    """Whether Python's `case` compares as Conduit does."""
    kind = required(type_of(frame, node.subject))
    match pattern:
        case ast.Wildcard() | ast.Nil() | ast.Bool():
            return True
        case ast.String():
            return pattern.value is not None and (
                kind in (STRING, ANY, JSON) or isinstance(kind, Enum)
            )
        case ast.Symbol():
            return True
        case ast.Int() | ast.Float():
            return kind in (INT, FLOAT)
        case ast.Unary(operand=ast.Int() | ast.Float()):
            return kind in (INT, FLOAT)
    return False


def _by_pattern(frame: Frame, node: ast.Match, subject: Code, into: Into) -> list[Line]:
    lines = [Line(f"match {subject.text}:", effect=subject.effect)]
    is_complete = not frame.module.facts.unmatched[node]
    last = _completing(frame, node) if is_complete else None
    for arm in node.arms:
        texts = ["_" if isinstance(p, ast.Wildcard) else lower(frame, p).text for p in arm.patterns]
        with frame.branch():
            body = block(frame, arm.body, into)
        if "_" in texts or arm is last:
            texts = ["_"]
        lines += [_case(" | ".join(texts)), *indented(body_of(body))]
        if texts == ["_"]:
            return lines
    otherwise = _otherwise(frame, node, into)
    if is_complete and not otherwise:
        return lines
    return [*lines, _case("_"), *indented(body_of(otherwise))]


def _case(pattern: str) -> Line:
    return Line(f"case {pattern}:", 1, effect=Effect.NONE)


def _completing(frame: Frame, node: ast.Match) -> ast.Arm | None:
    """The arm for the last value of a bool; of an enum, a later version may know another one."""
    kind = type_of(frame, node.subject)
    if required(kind) != BOOL:
        return None
    left = {True, False, *([None] if is_nullable(kind) else [])}
    for arm in node.arms:
        left -= {pattern.value for pattern in arm.patterns if isinstance(pattern, ast.Bool)}
        left -= {None for pattern in arm.patterns if isinstance(pattern, ast.Nil)}
        if not left:
            return arm
    return None


def _otherwise(frame: Frame, node: ast.Match, into: Into) -> list[Line]:
    """What happens when no arm matches: of arms that name all values, only one that is new."""
    if into.kind == "nowhere":
        return []
    if frame.module.facts.unmatched[node]:
        return into.put(NONE)
    error = frame.module.imports.runtime("ConduitError")
    what = " ".join(node.subject.span.text.split())
    message = literals.quoted(f"no arm matches the value of {what}")
    return [Line(f"raise {error}({message})", effect=Effect.FAILS)]


def _by_condition(frame: Frame, node: ast.Match, subject: Code, into: Into) -> list[Line]:
    arms: list[tuple[Code, list[Line]]] = []
    tested = next((n for n, arm in enumerate(node.arms) if _takes_all(arm)), len(node.arms))
    otherwise: list[Line] = []
    with ExitStack() as rest, frame.in_loop(is_loop(tested)):
        for arm in node.arms:
            tests = [_test(frame, node, subject, pattern) for pattern in arm.patterns]
            with frame.branch():
                body = block(frame, arm.body, into)
            found = [test for test in tests if test is not None]
            if len(found) < len(tests):
                otherwise = body
                break
            text = " or ".join(test.at(Strength.NOT) for test in found)
            arms.append((found[0] if len(found) == 1 else made_of(text, Strength.OR, found), body))
            rest.enter_context(frame.branch())  # a later pattern is only asked if this one fails
        else:
            otherwise = _otherwise(frame, node, into)
    lines = chain(arms, otherwise)
    return [*lines, *after_loop(frame, node)] if is_loop(tested) else lines


def _takes_all(arm: ast.Arm) -> bool:
    return any(isinstance(pattern, ast.Wildcard) for pattern in arm.patterns)


def _test(frame: Frame, node: ast.Match, subject: Code, pattern: ast.Pattern) -> Code | None:
    if isinstance(pattern, ast.Wildcard):
        return None
    kind = type_of(frame, node.subject)
    if isinstance(pattern, ast.Binary) and pattern.operator in ("..", "..."):
        low, high = lower(frame, pattern.left), lower(frame, pattern.right)
        kinds = required(kind), type_of(frame, pattern)
        test = within(frame, subject, kinds, low, high, pattern.operator)
        if kinds[0] == kind or test.strength != Strength.COMPARISON:
            return within(frame, subject, (kind, kinds[1]), low, high, pattern.operator)
        text = f"{subject.at(Strength.SUM)} is not None and {test.text}"  # as type checkers ask
        return made_of(text, Strength.AND, [test])
    code = lower(frame, pattern)
    return equals(frame, subject, kind, code, type_of(frame, pattern))


@blocks.rule(ast.Rescue)
def rescue(frame: Frame, node: ast.Rescue, into: Into) -> list[Line]:
    """`e rescue |err| { … }`."""
    lines = into.declared
    plain = _of_arms(frame, node, replace(into, annotation=None))
    with frame.branch():
        tried = value(frame, node.operand, plain)
    if frame.place == "hook" and _touches_outside(frame, node.operand):
        head = "async with" if frame.awaits else "with"
        tried = [Line(f"{head} {frame.handle}.savepoint():"), *body_of(tried)]
    outer, (head, first) = frame.caught, _error(frame, node)
    is_value = plain.kind == "name" or plain.unread
    fallback = _in_branches(node.body) if is_value else node.body
    with frame.returning_into(plain if is_value else None, _early(fallback)):
        with frame.branch():
            body = block(frame, fallback, plain)
        if frame.breaks:
            body = [Line("while True:"), *body_of([*body, Line("break")])]
        if frame.left is not None:
            any_ = frame.module.imports.use("typing", "Any")
            list_ = frame.module.imports.use("builtins", "list")
            body.insert(0, Line(f"{frame.left}: {list_}[{any_}] = []"))
    body = [*first, *body]
    frame.caught = outer
    if not body and not into.annotation:
        suppress = frame.module.imports.use("contextlib", "suppress")
        exception = frame.module.imports.use("builtins", "Exception")
        return [Line(f"with {suppress}({exception}):"), *body_of(tried)]
    tries, catches = Line("try:", effect=Effect.NONE), Line(head, effect=Effect.NONE)
    return [*lines, tries, *body_of(tried), catches, *body_of(body)]


def _in_branches(block: ast.Block) -> ast.Block:
    """A block in which what follows an `if` that always leaves stands in its `else`."""
    for index, each in enumerate(block.statements[:-1]):
        if isinstance(each, ast.If) and each.otherwise is None and _always_leaves(each):
            rest = ast.Block(block.span, block.statements[index + 1 :])
            whole = replace(each, otherwise=_in_branches(rest))
            return replace(block, statements=(*block.statements[:index], whole))
    return block


def _always_leaves(node: ast.If) -> bool:
    lasts = [branch.body.statements[-1:] for branch in node.branches]
    return all(last and isinstance(last[0], ast.Return | ast.Raise) for last in lasts)


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
    below = walk(statement, into=lambda node: not isinstance(node, ast.Async | ast.Lambda))
    return any(isinstance(node, ast.Return) for node in below)


def _error(frame: Frame, node: ast.Rescue) -> tuple[str, list[Line]]:
    """The `except` line, and what makes the error a value where it is used as one."""
    local = frame.module.facts.declared.get(node)
    uses = _uses(frame, node.body, local) if local is not None else []
    raises = any(isinstance(each, ast.Raise) for each in _below(node.body))
    exception = frame.module.imports.use("builtins", "Exception")
    if local is None or not uses:
        frame.caught = frame.fresh("error") if raises else None
        return f"except {exception}{f' as {frame.caught}' if raises else ''}:", []
    name = frame.caught = frame.local(local)
    if set(uses) <= _logged(frame, node.body):
        return f"except {exception} as {name}:", []
    caught = frame.caught = frame.fresh("error" if name != "error" else "caught")
    error_value = frame.module.imports.runtime("ErrorValue")
    return f"except {exception} as {caught}:", [Line(f"{name} = {error_value}.of({caught})")]


def _logged(frame: Frame, body: ast.Block) -> set[ast.Node | None]:
    """What is handed to the logger by name, which takes an exception as it is."""
    found: set[ast.Node | None] = set()
    for node in _below(body):
        call = frame.module.facts.resolutions.get(node)
        if isinstance(call, LibraryCall) and call.signature.namespace == "Logger":
            found.update(call.arguments[1:])
            found.update(argument.value for argument in call.extra)
    return found


def _below(body: ast.Block) -> Iterator[ast.Node]:
    """The nodes of a block that run in it, and not in a job of their own."""
    return walk(body, into=lambda node: not isinstance(node, ast.Async))


def _uses(frame: Frame, body: ast.Block, local: Local) -> list[ast.Node]:
    return [node for node in walk(body) if frame.module.facts.resolutions.get(node) is local]


def _touches_outside(frame: Frame, node: ast.Expr) -> bool:
    """Whether an expression may fail in the database, which would end the transaction."""
    outside = ServiceCall | RecordCall | RelationUse
    return any(isinstance(frame.module.facts.resolutions.get(each), outside) for each in walk(node))
