"""Brings the returns of a body to its ends, so that its statements can stand in other code."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from ... import ast
from ...analyses.walk import walk
from ...program import Facts

Put: TypeAlias = Callable[[ast.Node, ast.Expr | None], list[ast.Statement]]
"""Gives the statements that take a value of a body. The first argument is where it was."""
Used: TypeAlias = Callable[[list[ast.Statement]], list[ast.Statement]]
"""Gives the statements of a body, or of the end of one, that are still of use."""


class NotAtEndError(Exception):
    """A `return` after which a caller of the body would have to skip code."""


class Endings:
    """How a body ends: `put` takes each of its values, and `known` each copy of a node.

    `used` gets the statements without its returns. `has_value` is whether the value is used.
    """

    def __init__(
        self,
        facts: Facts,
        put: Put,
        used: Used,
        known: Callable[[ast.Node, ast.Node], None],
        has_value: bool,
    ) -> None:
        self._facts = facts
        self._put = put
        self._used = used
        self._known = known
        self._has_value = has_value

    def of(self, statements: Sequence[ast.Statement], at: ast.Node) -> list[ast.Statement]:
        """The statements of a body without its returns; raises NotAtEndError.

        What follows an `if` that returns goes into the one branch that does not. `at` is what the
        statements are in.
        """
        return self._used(self._without_returns(statements, at))

    def _without_returns(
        self, statements: Sequence[ast.Statement], at: ast.Node
    ) -> list[ast.Statement]:
        found: list[ast.Statement] = []
        for number, statement in enumerate(statements):
            rest = statements[number + 1 :]
            match statement:
                case ast.Return(value=value):
                    if value is not None and _returns(value):
                        raise NotAtEndError
                    return [*found, *self._put(statement, value)]
                case _ if self._raises(statement):
                    return [*found, statement]
                case ast.If() if _returns(statement) or not rest:
                    return [*found, self._if(statement, rest)]
                case ast.ExprStatement(value=ast.Match() as match) if not (rest or self._has_value):
                    return [*found, self._match(statement, match)]
                case _ if _returns(statement):
                    raise NotAtEndError
                case ast.ExprStatement(value=value) if not rest:
                    return [*found, *self._put(statement, value)]
            found.append(statement)
        return [*found, *self._put(at, None)]

    def _if(self, node: ast.If, rest: Sequence[ast.Statement]) -> ast.If:
        otherwise = () if node.otherwise is None else node.otherwise.statements
        bodies = [*(each.body.statements for each in node.branches), otherwise]
        if rest and sum(map(self._goes_on, bodies)) > 1:
            raise NotAtEndError
        ends = [
            ast.Block(
                node.span,
                tuple(self.of([*body, *rest] if self._goes_on(body) else body, node)),
            )
            for body in bodies
        ]
        branches = zip(node.branches, ends, strict=False)
        copy = replace(
            node,
            branches=tuple(replace(each, body=body) for each, body in branches),
            otherwise=ends[-1] if ends[-1].statements else None,
        )
        self._known(node, copy)
        return copy

    def _match(self, statement: ast.ExprStatement, node: ast.Match) -> ast.Statement:
        arms = tuple(
            replace(arm, body=ast.Block(arm.body.span, tuple(self.of(arm.body.statements, arm))))
            for arm in node.arms
        )
        copy = replace(statement, value=replace(node, arms=arms))
        self._known(node, copy.value)
        self._known(statement, copy)
        return copy

    def _goes_on(self, body: Sequence[ast.Statement]) -> bool:
        """Whether control may reach the end of a body."""
        match body[-1] if body else None:
            case ast.Return():
                return False
            case ast.If(branches=branches, otherwise=ast.Block(statements=last)):
                bodies = [*(each.body.statements for each in branches), last]
                return any(map(self._goes_on, bodies))
            case last:
                return last is None or not self._raises(last)

    def _raises(self, statement: ast.Statement) -> bool:
        is_raising = isinstance(statement, ast.ExprStatement) and statement.value in (
            self._facts.raising
        )
        return is_raising or isinstance(statement, ast.Raise)


def _returns(node: ast.Node) -> bool:
    """Whether code may leave the body around it; a lambda leaves itself."""
    return any(isinstance(each, ast.Return) for each in walk(node, ast.Lambda))
