"""Lifts effects out of statements that have several, so that each ends a step of its own.

`Email.send(self.email, Billing.invoice(self.number).url)` becomes `let invoice =
Billing.invoice(self.number)` and `Email.send(self.email, invoice.url)`. Effects that are always
evaluated are lifted in their order, up to the last one. Values to their left that may change or
fail are lifted with them, so that everything happens in the order of the source. Writes at the end
stay: they commit together. A call of a function with several effects is replaced by its code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from ... import ast
from ...analyses.walk import walk
from ...program import JobInfo, Local, Program, ResourceInfo, Rewritten
from ...types import ANY, required
from ..jobs.kept_values import KeptValues
from ..jobs.second_runs import Kind, Kinds
from ..jobs.step_parts import narrow
from ..jobs.unrecorded import blocks_of
from .copies import Copies
from .evaluation import Evaluation, value_of
from .functions import Functions
from .names import Names

_LARGEST = 250
"""An expression of so many nodes stays as it is: the search for its effects is recursive."""


def lift_effects(program: Program) -> None:
    """Rewrite the blocks of jobs whose statements have several effects."""
    kinds = Kinds(program)
    for resource in program.resources.values():
        program.resources.work_on(resource)
        for job in resource.jobs:
            if "batch" not in job.options:
                lifting = _Lifting(program, resource, job, kinds)
                body = lifting.block(job.block.body)
                if body is not job.block.body:
                    job.rewritten = Rewritten(
                        body,
                        lifting.originals,
                        frozenset(lifting.lifted),
                        lifting.wholes,
                        lifting.calls,
                        lifting.joined,
                    )


@dataclass
class _Lifting:
    """The lifting of effects in one block."""

    program: Program
    resource: ResourceInfo
    job: JobInfo
    kinds: Kinds
    originals: dict[ast.Node, ast.Node] = field(default_factory=dict)
    lifted: set[ast.Statement] = field(default_factory=set)
    wholes: dict[ast.Statement, ast.Statement] = field(default_factory=dict)
    calls: dict[ast.Node, tuple[ast.Node, ...]] = field(default_factory=dict)
    joined: dict[ast.Statement, Local] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.facts = self.program.facts
        self.evaluation = Evaluation(self.facts, self.kinds)
        self.copies = Copies(self.facts, self.originals, self.calls)
        self.values = KeptValues(self.program, self.resource, self.job)
        self.names = Names(self.facts, self.job.block.body)
        self.functions = Functions(
            self.program, self.job, self.kinds, self.copies, self.evaluation, self.names
        )

    def block(self, node: ast.Block, has_value: bool = False) -> ast.Block:
        """A block with lifted effects; the block itself if there are none.

        `has_value` is whether the value of its last statement is used.
        """
        statements: list[ast.Statement] = []
        for statement in node.statements:
            gives = has_value and statement is node.statements[-1]
            statements += self._statement(statement, gives)
        if statements == [*node.statements]:
            return node
        copy = ast.Block(node.span, tuple(statements))
        self.originals[copy] = node
        return copy

    def _statement(self, statement: ast.Statement, has_value: bool = False) -> list[ast.Statement]:
        lets, parts = self._lifted_from(statement, has_value)
        gives = isinstance(statement, ast.Let | ast.Assign) or (
            has_value and not isinstance(statement, ast.For)
        )
        blocks = ((each, self.block(each, gives)) for each in _blocks_of(statement))
        parts |= {old: new for old, new in blocks if new is not old}
        found = self.copies.of(statement, parts) if parts else statement
        self.lifted.update(lets)
        before: list[ast.Statement] = []
        for let in lets:
            before += self._in_place(let, is_first=not before)
        last = [found] if has_value else self._in_place(found)
        statements = [*before, *last]
        end = found if last == [found] else self._end_of(statements)
        if end is not None and (before == lets or self._is_straight(end)):
            self._tie(statements[: statements.index(end)], end)
        return statements

    def _in_place(self, statement: ast.Statement, *, is_first: bool = True) -> list[ast.Statement]:
        """The code of the function that a statement calls, or the statement itself.

        Between the parts of a statement, code with blocks cannot end together with it.
        """
        body = self.functions.in_place_of(statement)
        if body is None:
            return [statement]
        found = [inner for each in body for inner in self._statement(each)]
        if not is_first and not all(map(self._is_straight, found)):
            return [statement]
        if (local := self.facts.declared.get(statement)) in self.functions.joined:
            self.joined[found[-1]] = local
        if (end := self._end_of(found)) is not None:
            self._tie(found[: found.index(end)], end)
        return found

    def _end_of(self, statements: Sequence[ast.Statement]) -> ast.Statement | None:
        """The last effect of a function, if what is behind it reads nothing from before it."""
        for number in reversed(range(len(statements))):
            if self.kinds.of(statements[number]) is Kind.EFFECT:
                declared = self.values.declared(statements[:number])
                later = (node for each in statements[number + 1 :] for node in walk(each))
                if any(self.facts.resolutions.get(each) in declared for each in later):
                    return None
                return statements[number] if self._is_straight(statements[number]) else None
        return None

    def _tie(self, statements: Sequence[ast.Statement], end: ast.Statement) -> None:
        """Let statements end together with a later one if JSON cannot hold what they keep."""
        run: list[ast.Statement] = []
        for statement in reversed(statements):
            if not self._is_straight(statement):
                break
            run.insert(0, statement)
            self.wholes[statement] = end
        unstored: set[object] = set()
        for statement in run:
            is_same = self.kinds.of(statement) is Kind.SAME
            reads = (self.facts.resolutions.get(each) for each in walk(statement))
            if is_same and unstored.isdisjoint(reads):
                continue
            if is_same:  # it cannot run again once the values are gone
                self.lifted.add(statement)
            unstored |= self.values.declared([statement])

    def _is_straight(self, statement: ast.Statement) -> bool:
        """Whether a statement has no effects in blocks."""
        return self.kinds.of(*_blocks_of(statement)) is not Kind.EFFECT

    def _lifted_from(
        self, statement: ast.Statement, has_value: bool
    ) -> tuple[list[ast.Let], dict[ast.Node, ast.Node]]:
        """The `let`s before a statement, and what takes the places of their values."""
        root = value_of(statement)
        whole = None
        if isinstance(statement, ast.Let | ast.ExprStatement) and not has_value:
            whole = statement.value
        if root is None or not self._has_parts(statement, root, whole):
            return [], {}
        effects = self._effects(root)
        writes = 0
        while writes < len(effects) and self.evaluation.is_write(effects[-1 - writes]):
            writes += 1
        staying = writes if _is_write(statement) else max(writes, 1)
        if effects and self._is_call_within(whole, effects[-1]):
            staying = 0
        for count in range(len(effects) - staying, 0, -1):
            lifted = _Order(self.evaluation, effects[:count]).lifted(root)
            if all(map(self._may_be_lifted, lifted)):
                return self._lets(lifted)
        return [], {}

    def _has_parts(self, statement: ast.Statement, root: ast.Expr, whole: ast.Expr | None) -> bool:
        """Whether something may be lifted out of the expression of a statement."""
        effects = [*islice(self.kinds.effects(root), 2)]
        if len(effects) < 2:
            is_one = _is_write(statement) or self._is_call_within(whole, *effects)
            if not effects or not is_one:
                return False
        return len([*islice(walk(root), _LARGEST)]) < _LARGEST

    def _is_call_within(self, whole: ast.Expr | None, *effects: ast.Node) -> bool:
        """Whether the code of a function can take a call's place once a `let` holds its value.

        It takes the place of the `whole` of a statement without one.
        """
        return any(
            self.functions.call_in(each, has_value=True) is not None
            for each in effects
            if each is not whole
        )

    def _effects(self, root: ast.Expr) -> list[ast.Expr]:
        """The expressions with effects that are always evaluated, in their order."""
        found: list[ast.Expr] = []
        pending = [(root, False)]
        while pending:
            node, is_ready = pending.pop()
            if is_ready:
                found += [node] if self.evaluation.has_effect(node) else []
                continue
            pending.append((node, True))
            pending += [(each, False) for each in reversed(self.evaluation.parts(node))]
        return found

    def _may_be_lifted(self, node: ast.Expr) -> bool:
        """Whether a step may keep the value, and no other code relies on a test in it."""
        if not self.evaluation.may_be_lifted(node):
            return False
        is_test = isinstance(node, ast.Binary | ast.Unary | ast.Ternary | ast.Match)
        if is_test and narrow([node], self.facts, self.job):
            return False
        return self.values.may_keep(self._local(node, "", ""))

    def _lets(self, lifted: Sequence[ast.Expr]) -> tuple[list[ast.Let], dict[ast.Node, ast.Node]]:
        lets: list[ast.Let] = []
        parts: dict[ast.Node, ast.Node] = {}
        taken: set[str] = set()
        for node in lifted:
            local = self._local(node, *self.names.take(node, taken))
            value = self.copies.of(node, parts)
            let = ast.Let(node.span, ast.Name(node.span, local.name), None, value)
            self.facts.declared[let] = local
            self.originals[let] = node
            parts[node] = read = ast.NameRef(node.span, local.name)
            self.originals[read] = node
            self.facts.resolutions[read] = local
            self.facts.types[read] = local.type
            lets.append(let)
        return lets, parts

    def _local(self, node: ast.Expr, name: str, python: str) -> Local:
        kind = self.facts.types.get(node, ANY)
        kind = required(kind) if node in self.facts.narrowed else kind
        return Local(name, python, kind, "let", node.span, self.job, node)


class _Order:
    """Finds what has to be lifted with some effects."""

    def __init__(self, evaluation: Evaluation, effects: Sequence[ast.Expr]) -> None:
        self._evaluation = evaluation
        self._effects = frozenset(effects)
        self._lifted: list[ast.Expr] = []

    def lifted(self, root: ast.Expr) -> list[ast.Expr]:
        """The effects, and the values to their left, in the order of evaluation."""
        self._visit(root, False)
        return self._lifted

    def _visit(self, node: ast.Expr, is_followed: bool) -> None:
        """Look at an expression; `is_followed`: an effect comes before its value is used."""
        holds_values = isinstance(node, ast.ArrayLiteral | ast.HashLiteral)
        is_effect = node in self._effects
        is_lifted = is_effect or (
            is_followed and not holds_values and not self._evaluation.is_steady(node)
        )
        if is_lifted and not is_effect and not self._has_effects(node):
            self._lifted.append(node)
            return
        parts = self._evaluation.parts(node)
        for number, part in enumerate(parts):
            follows = any(map(self._has_effects, parts[number + 1 :]))
            self._visit(part, follows or (is_followed and not is_lifted))
        if is_lifted:
            self._lifted.append(node)

    def _has_effects(self, node: ast.Expr) -> bool:
        return any(each in self._effects for each in walk(node))


def _is_write(statement: ast.Statement) -> bool:
    return isinstance(statement, ast.Assign) and isinstance(statement.target, ast.Member)


def _blocks_of(statement: ast.Statement) -> list[ast.Block]:
    """The blocks of a statement, whose statements are statements of the job."""
    match statement:
        case ast.ExprStatement(value=ast.Rescue(body=body)):
            return [body]
        case ast.Let(value=ast.Rescue(body=body)) | ast.Assign(value=ast.Rescue(body=body)):
            return [body]
    return blocks_of(statement)
