"""Runs the LALR table over the tokens of a source.

The span of a reduction does not depend on its values: it starts with its first symbol and ends
with the last token that was shifted.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from .. import ast
from ..diagnostics import Diagnostic
from ..lexer import Lexed
from ..source import Source, Span
from ..tokens import Token
from . import expressions, members, statements, types
from .builders import Context, builder
from .table import table

CLOSERS_BY_TYPE = {
    "LPAR": ("RPAR",), "_CALL": ("RPAR",), "_ARROW_PAREN": ("RPAR",), "LSQB": ("RSQB",),
    "_INDEX": ("RSQB",), "LBRACE": ("RBRACE",), "_INTERPOLATE": ("_INTERPOLATE_END", "_QUOTE_END"),
}  # fmt: skip
_RULE_MODULES = (expressions, members, statements, types)
"""The modules whose import registers their rules."""


class _Reduction(NamedTuple):
    """How a rule of the grammar is reduced; `kept` is None if `build` gets all of its symbols."""

    origin: str
    size: int
    build: Callable[..., Any]
    kept: tuple[int | None, ...] | None


@cache
def _reductions() -> tuple[tuple[_Reduction, ...], frozenset[int]]:
    """The reductions of the rules, and the actions that only rename the symbol on the stack."""
    productions = table().productions
    reductions = tuple(
        _Reduction(origin, size, builder(method), None if kept == (*range(size),) else kept)
        for origin, size, method, kept in productions
    )
    renames = frozenset(
        -number - 1
        for number, production in enumerate(productions)
        if production.method == "same" and production.size == 1
    )
    return reductions, renames


class Automaton:
    """The stacks of a parse: the states, the values, and the start of each value."""

    def __init__(self, source: Source, lexed: Lexed, report: Callable[[Diagnostic], None]) -> None:
        self.source = source
        self.tokens = lexed.tokens
        self._report_to = report
        self.quiet = False
        self.states = table().states
        self._end = table().end
        self._reductions, self._renames = _reductions()
        self._context = Context(source, lexed.docs, self._report)
        self.stack = [table().start]
        self.values: list[Any] = []
        self.starts: list[int] = []
        self._last_end = 0
        self.shifted = 0

    def run(self, recover: Callable[[int], int]) -> ast.File:
        """The tree of the source.

        It calls `recover` with the index of each token that does not fit. `recover` makes the
        stacks fit a later token, and returns the index of that token.
        """
        tokens, states = self.tokens, self.states
        reductions, renames = self._reductions, self._renames
        stack, values, starts = self.stack, self.values, self.starts
        index = 0
        token = tokens[0]
        while True:
            top = stack[-1]
            action = states[top].get(token.type)
            if action is None:
                index = recover(index)
                token = tokens[index]
            elif action >= 0:
                stack.append(action)
                values.append(token)
                starts.append(token.start)
                self._last_end = token.end
                self.shifted += 1
                index += 1
                token = tokens[index]
            elif action in renames:
                stack[-1] = states[stack[-2]][reductions[-action - 1].origin]
            else:
                self._reduce(-action - 1, token)
                if stack[-1] == self._end and token.type == "$END":
                    result: ast.File = values[-1]
                    return result

    def _reduce(self, number: int, token: Token) -> None:
        origin, size, build, kept = self._reductions[number]
        stack, values, starts = self.stack, self.values, self.starts
        if size:
            start, end = starts[-size], self._last_end
            parts = values[-size:]
            del stack[-size:], values[-size:], starts[-size:]
        else:
            start = end = token.start
            parts = []
        if kept is not None:
            parts = [None if i is None else parts[i] for i in kept]
        values.append(build(self._context, Span(self.source, start, end), *parts))
        starts.append(start)
        stack.append(self.states[stack[-1]][origin])

    def _report(self, diagnostic: Diagnostic) -> None:
        if not self.quiet:
            self._report_to(diagnostic)

    def drop_to(self, size: int) -> None:
        """Drop all states after the first `size`, and their values."""
        del self.stack[size:], self.values[size - 1 :], self.starts[size - 1 :]

    def depth(self) -> int:
        """The number of brackets that are open at this point."""
        for value in reversed(self.values):
            if isinstance(value, Token) and value.type in CLOSERS_BY_TYPE:
                return value.depth + 1
        return 0

    def put_error(self, before: Token) -> None:
        """Replace the incomplete part before a token by ERROR."""
        error = Token("ERROR", "", before.start, before.start)
        self.quiet = True
        while (action := self.states[self.stack[-1]]["ERROR"]) < 0:
            self._reduce(-action - 1, error)
        self.quiet = False
        self.stack.append(action)
        self.values.append(error)
        self.starts.append(error.start)

    def expected(self) -> frozenset[str]:
        """The terminals that are possible here."""
        top = self.states[self.stack[-1]]
        return frozenset(type for type in top if type.upper() == type and self.accepts(type))

    def accepts(self, type: str, kept: int | None = None) -> bool:
        """Whether a terminal can be shifted, after the reductions that it causes.

        `kept` is the number of states to consider; None means all.
        """
        below = self.stack
        kept = len(below) if kept is None else kept
        pushed: list[int] = []
        while True:
            top = pushed[-1] if pushed else below[kept - 1]
            action = self.states[top].get(type)
            if action is None:
                return False
            if action >= 0:
                return True
            origin, size = self._reductions[-action - 1][:2]
            taken = min(size, len(pushed))
            if taken:
                del pushed[-taken:]
            kept -= size - taken
            top = pushed[-1] if pushed else below[kept - 1]
            target = self.states[top][origin]
            if type == "$END" and target == self._end:
                return True
            pushed.append(target)
