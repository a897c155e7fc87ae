"""Puts the code of functions in the places of their calls, so that each effect in it is a step.

A call of a function with several effects becomes its parameters, as `let`s, and its body; a
`return` becomes the end of a branch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ... import ast
from ...analyses.reached import function_roots, reached_from
from ...analyses.walk import children, is_on_self, walk
from ...program import FunctionCall, FunctionInfo, JobInfo, Local, Program
from ...types import NIL
from ..jobs.second_runs import Kinds
from ..jobs.step_parts import conditions_of
from ..jobs.unrecorded import blocks_of
from .copies import Copies
from .endings import Endings, NotAtEndError
from .evaluation import Evaluation
from .names import Names

_MOST = 20
"""So many calls of a block are replaced."""
_LARGEST = 500
"""The most nodes of a body that is put in the places of its calls."""
_DEEPEST = 60
"""The most nodes within each other in such a body: it is copied recursively."""


@dataclass
class Functions:
    """The functions that a block calls.

    `joined` are the locals that several branches of a function give their first value.
    """

    program: Program
    job: JobInfo
    kinds: Kinds
    copies: Copies
    evaluation: Evaluation
    names: Names
    joined: set[Local] = field(default_factory=set)
    _replaced: int = 0
    _fit: dict[tuple[FunctionInfo, bool], bool] = field(default_factory=dict)

    def call_in(self, node: ast.Node | None, has_value: bool) -> FunctionCall | None:
        """The call that an expression is, if code can take its place."""
        if not isinstance(node, ast.Call | ast.Member) or self._replaced >= _MOST:
            return None
        use = self.program.facts.resolutions.get(node)
        if not isinstance(use, FunctionCall) or not is_on_self(node):
            return None
        if any(each is not None and self.evaluation.is_query(each) for each in use.arguments):
            return None
        key = use.function, has_value
        if key not in self._fit:
            self._fit[key] = self._is_fit(use.function, has_value)
        return use if self._fit[key] else None

    def in_place_of(self, statement: ast.Statement) -> list[ast.Statement] | None:
        """The code that takes the place of a statement which is a call, or the `let` of one."""
        match statement:
            case ast.Let(value=node):
                result: ast.Let | None = statement
            case ast.ExprStatement(value=node):
                result = None
            case _:
                return None
        call = self.call_in(node, result is not None)
        if call is None:
            return None
        self._replaced += 1
        return self._body(call, node, result)

    def _body(
        self, call: FunctionCall, node: ast.Expr, result: ast.Let | None
    ) -> list[ast.Statement]:
        facts, function = self.program.facts, call.function
        locals_: dict[Local, Local] = {}
        lets: list[ast.Statement] = []
        for parameter, argument in zip(function.parameters, call.arguments, strict=True):
            given = argument
            if given is None:
                assert parameter.default is not None
                given = self.copies.afresh(parameter.default, locals_, self._new_local, node)
            local = facts.declared[parameter.node.name]
            let = ast.Let(given.span, parameter.node.name, None, given)
            facts.declared[let] = locals_[local] = self._new_local(local, given)
            self.copies.originals[let] = self.copies.originals.get(node, node)
            lets.append(let)
        copy = self.copies.afresh(function.body, locals_, self._new_local, node)
        taken = 0

        def put(at: ast.Node, value: ast.Expr | None) -> list[ast.Statement]:
            nonlocal taken
            taken += 1
            return self._put(at, value, result)

        used = self._used if result is None else list[ast.Statement]
        ends = Endings(facts, put, used, self.copies.know, result is not None)
        statements = ends.of(copy.statements, copy)
        if result is not None and taken > 1:
            self.joined.add(facts.declared[result])
        return used([*lets, *statements])

    def _used(self, statements: list[ast.Statement]) -> list[ast.Statement]:
        """The statements without those that only the value of the body needed."""
        found: list[ast.Statement] = []
        read: set[Local] = set()
        for statement in reversed(statements):
            if not self._is_idle(statement, read):
                found.insert(0, statement)
                read |= self._read_in(statement)
        return found

    def _is_idle(self, statement: ast.Statement, read: set[Local]) -> bool:
        """Whether it is a `let` that is not among those read, or has only empty blocks."""
        if isinstance(statement, ast.Let):
            nodes: list[ast.Node] = [statement.value]
            is_needed = self.program.facts.declared[statement] in read
        else:
            nodes = conditions_of(statement)
            is_needed = not nodes or any(each.statements for each in blocks_of(statement))
        return not is_needed and all(
            isinstance(each, ast.Wildcard)
            or (isinstance(each, ast.Expr) and self.evaluation.is_steady(each))
            for each in nodes
        )

    def _read_in(self, node: ast.Node) -> set[Local]:
        uses = [self.program.facts.resolutions.get(each) for each in walk(node)]
        called = [getattr(each, "local", None) for each in uses]
        return {each for each in (*uses, *called) if isinstance(each, Local)}

    def _new_local(self, local: Local, value: ast.Expr | None) -> Local:
        """The local of the block that stands for one of a function."""
        kind = "let" if local.kind == "parameter" else local.kind
        python = self.names.python(local.python)
        return Local(local.name, python, local.type, kind, local.span, self.job, value)

    def _put(
        self, at: ast.Node, value: ast.Expr | None, result: ast.Let | None
    ) -> list[ast.Statement]:
        """The statements that give a body's value to its caller."""
        facts = self.program.facts
        found: ast.Statement
        if result is None:
            if value is None or self.evaluation.is_steady(value):
                return []
            found = ast.ExprStatement(value.span, value)
        else:
            if value is None:
                value = ast.Nil(at.span)
                facts.types[value] = NIL
            found = ast.Let(value.span, result.name, None, value)
            facts.declared[found] = facts.declared[result]
        self.copies.know(at, found)
        return [found]

    def _is_fit(self, function: FunctionInfo, has_value: bool) -> bool:
        """Whether code can take the place of a function's calls, and has several effects."""
        if not function.uses_services or not self._has_several_effects(function):
            return False
        reached = reached_from(self.program, function_roots(function))
        size = sum(1 for root in function_roots(function) for _ in walk(root))
        if function in reached.functions or size > _LARGEST:
            return False
        if any(depth > _DEEPEST for root in function_roots(function) for depth in _depths(root)):
            return False
        values: list[ast.Expr] = []

        def put(at: ast.Node, value: ast.Expr | None) -> list[ast.Statement]:
            values.extend([] if value is None else [value])
            return []

        try:
            ends = Endings(self.program.facts, put, list, lambda node, copy: None, has_value)
            ends.of(function.body.statements, function.body)
        except NotAtEndError:
            return False
        return not any(map(self.evaluation.is_query, values))

    def _has_several_effects(self, function: FunctionInfo) -> bool:
        """Whether a function, or the only one that it calls, has several effects."""
        for _ in range(_MOST):
            effects = [*self.kinds.effects(function.body)]
            loops = (each for each in walk(function.body) if isinstance(each, ast.For))
            if len(effects) > 1 or any(each in effects for f in loops for each in walk(f.body)):
                return True
            use = self.program.facts.resolutions.get(effects[0]) if effects else None
            if not isinstance(use, FunctionCall) or not is_on_self(effects[0]):
                return False
            function = use.function
        return False


def _depths(node: ast.Node) -> Iterator[int]:
    pending: list[tuple[ast.Node, int]] = [(node, 1)]
    while pending:
        current, depth = pending.pop()
        yield depth
        pending += ((each, depth + 1) for each in children(current))
