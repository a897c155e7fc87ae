"""Statements: `let`, assignments, `if`, `for`, `return`, `error`, `@async`, expressions."""

from dataclasses import dataclass, field, replace

from ... import ast
from ...analyses.raising import raised_in
from ...diagnostics import Related
from ...program import JobInfo
from ...types import (
    ANY,
    DURATION,
    INT,
    NIL,
    TIMESTAMP,
    Array,
    Hash,
    NilType,
    Query,
    Range,
    Record,
    Type,
    is_nullable,
    required,
)
from ..body import Body, ReturnTarget
from ..constants import is_constant
from ..declarations.type_refs import read_type
from ..lattice import InvalidType, is_unknown, join_all, may_be_nil, result_of_unknown
from ..narrowing import Path
from ..require import require
from ..sizes import check_size
from ..wording import describe
from .assign import assign
from .narrow import forget_assigned, item_type, learn_value, narrowing_of
from .nil import report_maybe_nil
from .returns import check_return
from .warnings import warn_of_next_line, warn_of_shadowing, warn_of_unused

_EVALUATED_OPTIONS: dict[str, Type] = {
    "delay": DURATION,
    "run_at": TIMESTAMP,
    "key": ANY,
    "weight": INT,
    "unique": ANY,
}


@dataclass(frozen=True, slots=True)
class Flow:
    """Whether a block diverges (control never reaches its end), and the type of its value."""

    diverges: bool = False
    type: Type = NIL
    unused: bool = False
    """Whether the value was reported as unused."""


@dataclass
class Branches:
    """Alternative blocks: the types of their values, and the values not nil at each block's end."""

    types: list[Type] = field(default_factory=list)
    non_nil: list[frozenset[Path]] = field(default_factory=list)

    def add(self, body: Body, flow: Flow) -> None:
        """Add a block that was just checked."""
        if not flow.diverges:
            self.types.append(flow.type)
            self.non_nil.append(body.non_nil)

    def join(self, body: Body) -> Flow:
        """Continue after the blocks with what is known at the end of each block."""
        if self.non_nil:
            body.non_nil = frozenset.intersection(*self.non_nil)
        return Flow(not self.non_nil, join_all(self.types))


def check_block(body: Body, block: ast.Block, *, value: bool = False) -> Flow:
    """Check the statements of a block in a scope; `value`: its last expression is its value."""
    with body.nested():
        return check_statements(body, block, value=value)


def check_statements(body: Body, block: ast.Block, *, value: bool = False) -> Flow:
    """Check the statements of a block whose scope is open already."""
    flow = Flow()
    reported_line = -1
    statements = block.statements
    for number, statement in enumerate(statements, 1):
        last = number == len(statements)
        line = statement.span.line
        flow = _check(body, statement, value and last, last=last or line == reported_line)
        invalid = _is_invalid(body, statement)
        reported_line = line if flow.unused or invalid else -1
        if flow.diverges and not last and not invalid:
            rest = statements[number].span.to(statements[-1].span)
            hint = "remove it, or the statement above that leaves the block"
            related = Related(statement.span, "control leaves here")
            body.warning("SEM213", rest, "this is never reached", hint, related)
            known = body.non_nil
            for unreached in statements[number:]:
                _check(body, unreached, False, last=True)
            body.non_nil = known
            break
    return flow


def _is_invalid(body: Body, statement: ast.Statement) -> bool:
    """Whether the value of a statement has an error; it explains further errors on the line."""
    match statement:
        case ast.Let() | ast.Assign() | ast.ExprStatement() | ast.Return() if statement.value:
            return isinstance(body.type_of(statement.value), InvalidType)
    return False


def _check(body: Body, statement: ast.Statement, value: bool, *, last: bool) -> Flow:
    flow = _flow(body, statement, value, last=last)
    raises = raised_in(body.facts, statement) is not None
    return replace(flow, diverges=True) if raises else flow


def _flow(body: Body, statement: ast.Statement, value: bool, *, last: bool) -> Flow:
    match statement:
        case ast.Let():
            _let(body, statement)
        case ast.Assign():
            assign(body, statement)
        case ast.If():
            return _if(body, statement, value)
        case ast.For():
            _for(body, statement)
        case ast.Return():
            check_return(body, statement)
            return Flow(diverges=True)
        case ast.Raise():
            body.infer(statement.message)
            return Flow(diverges=True)
        case ast.Async():
            _async(body, statement)
        case ast.ExprStatement():
            return _expression(body, statement.value, value, last=last)
    return Flow()


def _let(body: Body, node: ast.Let) -> None:
    name = node.name.text
    actual = kind = body.infer(node.value)
    if node.type is not None:
        kind = read_type(body.env, node.type, body.resource.name, name)
        require(body, node.value, kind, f"`{name}`")
        check_size(body, node.value, node.type, f"`{name}`")
    else:
        kind = body.widened.get(node, ANY if isinstance(kind, NilType) else kind)
    if (first := body.scope.names.get(name)) is not None:
        hint = f"assign to it: `{name} = …`, or choose another name"
        related = Related(first.span, "first declared here")
        body.error("SEM206", node.name, f"`{name}` is declared already", hint, related)
    else:
        warn_of_shadowing(body, node.name, can_assign=True)
    warn_of_next_line(body, node)
    local = body.declare(node.name, kind, "let", value=node.value)
    body.facts.declared[node] = local
    if node.type is None:
        body.lets[local] = node
    if is_nullable(kind) and not may_be_nil(actual):
        body.non_nil |= {(local,)}
    learn_value(body, (local,), kind, node.value)


def _if(body: Body, node: ast.If, value: bool) -> Flow:
    branches = Branches()
    for branch in node.branches:
        body.infer(branch.condition)
        implied, before = narrowing_of(body, branch.condition), body.non_nil
        if node.negated:
            implied = implied.negated
        body.non_nil = before | implied.when_true
        branches.add(body, check_block(body, branch.body, value=value))
        body.non_nil = before | implied.when_false
    otherwise = node.otherwise
    branches.add(body, check_block(body, otherwise, value=value) if otherwise else Flow())
    return branches.join(body)


def _for(body: Body, node: ast.For) -> None:
    kind = body.infer(node.iterable)
    item = item_type(body, node.name, _iterated(body, node.iterable, kind), node.body)
    forget_assigned(body, node.body)
    warn_of_shadowing(body, node.name)
    known = body.non_nil
    with body.nested():
        body.facts.declared[node] = body.declare(node.name, item, "loop")
        check_block(body, node.body)
    body.non_nil &= known


def _iterated(body: Body, node: ast.Expr, kind: Type) -> Type:
    """The type of the items of an iterable."""
    if is_unknown(kind):
        return result_of_unknown(kind)
    if is_nullable(kind) and not isinstance(kind, NilType):
        report_maybe_nil(body, node, "`for`")
    match required(kind):
        case Array(item=item) | Hash(key=item):
            return item
        case Range(item=item) if item == INT or is_unknown(item):
            return item
        case Query(resource=resource):
            return Record(resource)
    message = f"`for` needs an array, a range of ints, a hash or a query, this is {describe(kind)}"
    return body.error("TYP102", node, message)


def _check_key(body: Body, value: ast.Expr) -> None:
    """Report records: all of their fields would be the text of a key, which is short."""
    for item in value.items if isinstance(value, ast.ArrayLiteral) else (value,):
        kind = required(body.facts.types.get(item, ANY))
        if isinstance(kind, Record | Query) or (
            isinstance(kind, Array) and isinstance(required(kind.item), Record)
        ):
            message = f"`key` needs a value that says whose the job is, this is {describe(kind)}"
            body.error("TYP102", item, message, "such as an id: `key: self.customer_id`")


def _async(body: Body, node: ast.Async) -> None:
    for option in node.options:
        name = option.name.text if option.name is not None else ""
        if name in _EVALUATED_OPTIONS:
            body.infer(option.value)
            if not is_constant(option.value):  # constants are checked with the options
                require(body, option.value, _EVALUATED_OPTIONS[name], f"`{name}`")
        if name == "key":
            _check_key(body, option.value)
    outer, known = body.job, body.non_nil
    job = JobInfo(node, outer)
    if body.hook is not None:
        body.facts.jobs[node] = job
        body.facts.known_at[node] = known
        body.hook.jobs.append(job)
    if not node.body.statements and not body.env.unparsed.touches(node.body.span):
        message = "this block is empty, so its job does nothing"
        body.warning("PAT407", node.header, message, "write what the job has to do, or remove it")
    with body.nested(set(), ReturnTarget("job")):
        body.job = job
        check_statements(body, node.body)
    body.job, body.non_nil = outer, known


def _expression(body: Body, node: ast.Expr, value: bool, *, last: bool) -> Flow:
    if not value:
        body.discarded.add(node)
    kind = body.infer(node)
    may_be_unused = not value and (not last or isinstance(kind, Query))
    unused = may_be_unused and not isinstance(kind, InvalidType) and warn_of_unused(body, node)
    return Flow(node in body.diverging, kind, unused)
