"""Runs the LALR table over the tokens of a source.

A reduction's span is known without looking at its values: it starts where its first symbol does
and ends where the last token that was shifted does.
"""

from abc import abstractmethod
from typing import Any

from .. import ast
from ..diagnostics import Diagnostic
from ..lexer import Lexed
from ..source import Source, Span
from ..tokens import Token
from . import expressions, members, statements, types
from .builders import PLAIN, Context, builder
from .table import Table

_RULES = (expressions, members, statements, types)
"""The modules whose rules are registered by their import."""


class Automaton:
    """The stacks of a parse: states, the values that were built, and where each starts."""

    def __init__(self, source: Source, lexed: Lexed, table: Table, found: list[Diagnostic]) -> None:
        self._source = source
        self._tokens = lexed.tokens
        self._found = found
        self._quiet = False
        self._states = table.states
        self._units = table.units
        self._chains = table.chains
        self._end = table.end
        context = Context(source, lexed.docs, self._report)
        self._actions = tuple(
            (
                production.origin,
                production.size,
                PLAIN.get(production.method),
                builder(production.method, context) or _unbuilt,
                production.kept,
            )
            for production in table.productions
        )
        self._stack = [table.start]
        self._values: list[Any] = []
        self._starts: list[int] = []
        self._last_end = 0
        self._shifted = 0

    def run(self) -> ast.File:
        """The tree of the source; what could not be read is reported and left out."""
        tokens, states, units, chains = self._tokens, self._states, self._units, self._chains
        stack, values, starts = self._stack, self._values, self._starts
        index = 0
        token = tokens[0]
        while True:
            top = stack[-1]
            action = states[top].get(token.type)
            if action is None:
                index = self._recover(index)
                token = tokens[index]
            elif action >= 0:
                stack.append(action)
                values.append(token)
                starts.append(token.start)
                self._last_end = token.end
                self._shifted += 1
                index += 1
                token = tokens[index]
            elif action in units:
                key = (stack[-2], top, token.type)
                target = chains.get(key)
                if target is None:
                    target = chains[key] = self._follow_units(*key)
                stack[-1] = target
            else:
                self._reduce(-action - 1, token)
                if stack[-1] == self._end and token.type == "$END":
                    result: ast.File = values[-1]
                    return result

    @abstractmethod
    def _recover(self, index: int) -> int:
        """Make the stacks fit a later token, and return its index."""

    def _follow_units(self, below: int, state: int, type: str) -> int:
        """The state after all reductions that only hand on the value on top."""
        while (action := self._states[state].get(type)) in self._units:
            state = self._states[below][self._actions[-action - 1][0]]
        return state

    def _reduce(self, number: int, token: Token) -> None:
        origin, size, plain, build, kept = self._actions[number]
        stack, values, starts = self._stack, self._values, self._starts
        if size:
            start, end = starts[-size], self._last_end
            parts = values[-size:]
            del stack[-size:], values[-size:], starts[-size:]
        else:
            start = end = token.start
            parts = []
        if len(kept) < size:
            parts = [parts[i] for i in kept]
        value = plain(*parts) if plain else build(Span(self._source, start, end), *parts)
        values.append(value)
        starts.append(start)
        stack.append(self._states[stack[-1]][origin])

    def _report(self, diagnostic: Diagnostic) -> None:
        if not self._quiet:
            self._found.append(diagnostic)

    def _expected(self) -> frozenset[str]:
        """The terminals that are possible here."""
        top = self._states[self._stack[-1]]
        return frozenset(type for type in top if type.upper() == type and self._accepts(type))

    def _accepts(self, type: str, kept: int | None = None) -> bool:
        """Whether a terminal can be shifted after the reductions that it brings about.

        `kept` is how much of the stack is there, if not all of it.
        """
        below = self._stack
        kept = len(below) if kept is None else kept
        pushed: list[int] = []
        while True:
            top = pushed[-1] if pushed else below[kept - 1]
            action = self._states[top].get(type)
            if action is None:
                return False
            if action >= 0:
                return True
            origin, size = self._actions[-action - 1][:2]
            taken = min(size, len(pushed))
            if taken:
                del pushed[-taken:]
            kept -= size - taken
            top = pushed[-1] if pushed else below[kept - 1]
            target = self._states[top][origin]
            if type == "$END" and target == self._end:
                return True
            pushed.append(target)


def _unbuilt(*_: Any) -> Any:
    raise TypeError("a rule that hands on its only value builds nothing")
