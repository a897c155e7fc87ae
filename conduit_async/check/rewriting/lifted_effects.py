"""Lifts effects out of statements that have several, so that each ends a step of its own.

`Email.send(self.email, Billing.invoice(self.number).url)` becomes `let invoice =
Billing.invoice(self.number)` and `Email.send(self.email, invoice.url)`. Effects that are always
evaluated are lifted in their order, up to the last one. Values to their left that may change or
fail are lifted with them, so that everything happens in the order of the source. Writes at the end
stay: they commit together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from ... import ast
from ...analyses.walk import walk
from ...program import JobInfo, Local, Program, ResourceInfo, Rewritten
from ...types import ANY, required
from ..jobs.kept_values import KeptValues
from ..jobs.second_runs import Kinds
from ..jobs.step_parts import narrow
from ..jobs.unrecorded import blocks_of
from .copies import Copies
from .evaluation import Evaluation, value_of
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
                    job.rewritten = Rewritten(body, lifting.originals, lifting.lifted)


@dataclass
class _Lifting:
    """The lifting of effects in one block."""

    program: Program
    resource: ResourceInfo
    job: JobInfo
    kinds: Kinds
    originals: dict[ast.Node, ast.Node] = field(default_factory=dict)
    lifted: dict[ast.Statement, ast.Statement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.facts = self.program.facts
        self.evaluation = Evaluation(self.facts, self.kinds)
        self.copies = Copies(self.facts, self.originals)
        self.values = KeptValues(self.program, self.resource, self.job)

    @cached_property
    def names(self) -> Names:
        """The names of the variables; few blocks need any."""
        return Names(self.facts, self.job.block.body)

    def block(self, node: ast.Block) -> ast.Block:
        """A block with lifted effects; the block itself if there are none."""
        statements: list[ast.Statement] = []
        for statement in node.statements:
            statements += self._statement(statement)
        if statements == [*node.statements]:
            return node
        copy = ast.Block(node.span, tuple(statements))
        self.originals[copy] = node
        return copy

    def _statement(self, statement: ast.Statement) -> list[ast.Statement]:
        lets, parts = self._lifted_from(statement)
        blocks = ((each, self.block(each)) for each in _blocks_of(statement))
        parts |= {old: new for old, new in blocks if new is not old}
        if not parts:
            return [statement]
        found = self.copies.of(statement, parts)
        self.lifted.update(dict.fromkeys(lets, found))
        return [*lets, found]

    def _lifted_from(
        self, statement: ast.Statement
    ) -> tuple[list[ast.Let], dict[ast.Node, ast.Node]]:
        """The `let`s before a statement, and what takes the places of their values."""
        root = value_of(statement)
        is_write = isinstance(statement, ast.Assign) and isinstance(statement.target, ast.Member)
        fewest = 1 if is_write else 2
        if (
            root is None
            or len([*islice(self.kinds.effects(root), fewest)]) < fewest
            or len([*islice(walk(root), _LARGEST)]) == _LARGEST
        ):
            return [], {}
        effects = self._effects(root)
        writes = 0
        while writes < len(effects) and self.evaluation.is_write(effects[-1 - writes]):
            writes += 1
        staying = writes if is_write else max(writes, 1)
        for count in range(len(effects) - staying, 0, -1):
            lifted = _Order(self.evaluation, effects[:count]).lifted(root)
            if all(map(self._may_be_lifted, lifted)):
                return self._lets(lifted)
        return [], {}

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


def _blocks_of(statement: ast.Statement) -> list[ast.Block]:
    """The blocks of a statement, whose statements are statements of the job."""
    match statement:
        case ast.ExprStatement(value=ast.Rescue(body=body)):
            return [body]
        case ast.Let(value=ast.Rescue(body=body)) | ast.Assign(value=ast.Rescue(body=body)):
            return [body]
    return blocks_of(statement)
