"""Moves inner parts of bodies that nest too deep for Python into nested functions.

CPython allows at most 20 nested loops, `try` and `with` blocks in a function, and 100 levels of
indentation in a file. It parses each `elif` as nested in the previous one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ...package import PythonFunction
from ...python.code import Line
from ...python.imports import Imports
from .statement_tree import Statement, as_lines, assigned, compound, every, mentioned, own

MAX_BLOCKS = 18
MAX_LEVELS = 60
MAX_ARMS = 500

_WEIGHTS = {"for": 1, "while": 1, "try": 1, "with": 1, "except": 2}
"""How many of the interpreter's nested blocks a compound statement uses."""


def outlined(function: PythonFunction, imports: Imports) -> PythonFunction:
    """Return the function with its too deeply nested parts in nested functions."""
    if not _is_deep(function.body, 0, 0):
        return function
    names = {parameter.partition(":")[0].strip() for parameter in function.parameters}
    outliner = _Outliner(_tree(function.body), imports, function.is_async)
    return replace(function, body=as_lines(outliner.function(_Scope(1, function.result, names))))


@dataclass
class _Scope:
    """A function: its level, the type of its result, the names bound before a statement."""

    level: int
    result: str
    bound: set[str]


def _is_deep(lines: Sequence[Line], level: int, blocks: int) -> bool:
    if lines and level > MAX_LEVELS:
        return True
    if sum(line.word == "elif" for line in lines) >= MAX_ARMS:
        return True
    weights = ((line, blocks + _WEIGHTS.get(line.word, 0)) for line in lines if line.block)
    return any(
        weight > MAX_BLOCKS or _is_deep(line.block or (), level + 1, weight)
        for line, weight in weights
    )


def _tree(lines: Iterable[Line]) -> list[Statement]:
    return _short_chains([Statement(line, _tree(line.block or ())) for line in lines])


def _short_chains(statements: list[Statement]) -> list[Statement]:
    """Split long chains: an `else` holds all arms after the first ones."""
    found: list[Statement] = []
    arms = 0
    for index, each in enumerate(statements):
        arms = arms + 1 if each.line.word == "elif" else 0
        if arms == MAX_ARMS:
            each.write(each.line.text.removeprefix("el"))
            arms_after = takewhile(
                lambda later: later.line.word in ("elif", "else"), statements[index + 1 :]
            )
            rest = [each, *arms_after]
            otherwise = Statement(Line("else:", ()), _short_chains(rest), is_rest=True)
            return [*found, otherwise, *_short_chains(statements[index + len(rest) :])]
        found.append(each)
    return found


class _Outliner:
    """Outlines one function."""

    def __init__(self, statements: list[Statement], imports: Imports, is_async: bool) -> None:
        self.is_async = is_async
        self.statements = statements
        self.imports = imports
        self.all = list(every(statements))
        self.words = {word for each in self.all for word in re.findall(r"\w+", each.line.text)}

    def function(self, scope: _Scope) -> list[Statement]:
        """Return its statements, with functions for the parts that nest too deep."""
        self.parameters = set(scope.bound)
        return self._function(self.statements, scope)

    def _function(self, statements: list[Statement], scope: _Scope) -> list[Statement]:
        """Return a function's statements, each after the parts that were moved out of it."""
        found: list[Statement] = []
        start = 0
        for each in statements:
            parts = self._fit(each, 0, scope.level, scope)
            if each.line.word not in ("elif", "else", "except", "finally"):
                start = len(found)
            found[start:start] = parts
            start += len(parts)
            found.append(each)
            scope.bound |= assigned(own([each]))
        return found

    def _fit(self, statement: Statement, blocks: int, level: int, scope: _Scope) -> list[Statement]:
        """Move what nests too deep out of a statement; return the new functions."""
        if statement.is_function:
            is_async = statement.line.text.startswith("async ")
            inner = _Outliner(statement.block, self.imports, is_async)
            parameters = set(statement.uses.parameters)
            statement.block = inner.function(_Scope(level + 1, self._any(), parameters))
            return []
        blocks += _WEIGHTS.get(statement.line.word, 0)
        is_deep = blocks > MAX_BLOCKS or level >= MAX_LEVELS
        if statement.block and (is_deep or statement.is_rest):
            statement.block, parts = self._part(statement.block, scope)
            return parts
        return [
            part for each in statement.block for part in self._fit(each, blocks, level + 1, scope)
        ]

    def _part(
        self, part: list[Statement], scope: _Scope
    ) -> tuple[list[Statement], list[Statement]]:
        """Return the call that replaces a part, and the statements before it, with the function."""
        shared = self._shared(part)
        names = sorted(shared - scope.bound)
        before = [Statement(Line(f"{name}: {self._declared(name)}")) for name in names]
        for each in own(part):
            self._unannotate(each, shared)
        awaits = self.is_async and any(each.uses.awaits for each in own(part))
        name = self._fresh("part")
        given = self._caught(part)
        call = f"{'await ' if awaits else ''}{name}({', '.join(given)})"
        result, instead = self._leave(part, call, scope.result)
        exception = self.imports.use("builtins", "Exception")
        parameters = ", ".join(f"{each}: {exception}" for each in given)
        head = f"{'async def' if awaits else 'def'} {name}({parameters}) -> {result}:"
        body = self._function(part, _Scope(scope.level + 1, result, scope.bound | shared))
        if shared:
            body.insert(0, Statement(Line(f"nonlocal {', '.join(sorted(shared))}")))
        scope.bound |= shared
        return instead, [*before, compound(head, body)]

    def _shared(self, part: list[Statement]) -> set[str]:
        """Return the variables that a part assigns and that also exist outside of it."""
        inside = {id(each) for each in every(part)}
        outside = [each for each in self.all if id(each) not in inside]
        return assigned(own(part)) & (assigned(outside) | self.parameters | mentioned(outside))

    def _caught(self, part: list[Statement]) -> list[str]:
        """Return outer exceptions that a part reads; they become unbound after their `except`."""
        caught = {each.uses.caught for each in self.all if each.uses.caught is not None}
        return sorted((caught - assigned(own(part))) & mentioned(every(part)))

    def _declared(self, name: str) -> str:
        """Return the type of a variable to declare earlier, and remove its later annotations."""
        found = [each.uses for each in self.all]
        kinds = [each.annotation for each in found if each.annotation and name in each.assigned]
        for statement in self.all:
            self._unannotate(statement, {name})
        return kinds[0] if kinds else self._any()

    def _unannotate(self, statement: Statement, names: set[str]) -> None:
        uses = statement.uses
        if uses.annotation is not None and uses.assigned & names:
            statement.write(uses.rest or "pass")

    def _leave(self, part: list[Statement], call: str, result: str) -> tuple[str, list[Statement]]:
        """Return the result type of a part's function, and its call; both handle each `return`."""
        leaving = [each for each in own(part) if each.line.word == "return"]
        if not leaving:
            return "None", [Statement(Line(call))]
        for each in leaving:
            each.write(f"return ({each.line.text.removeprefix('return').strip() or None},)")
        part += [] if part[-1] in leaving else [Statement(Line("return None"))]
        left = self._fresh("left")
        then = ["return" if result == "None" else f"return {left}[0]"]
        if result not in ("None", self._any()):
            name = self._fresh("result")
            then = [f"{name}: {result} = {left}[0]", f"return {name}"]
        test = compound(f"if {left} is not None:", [Statement(Line(text)) for text in then])
        return self._any(), [Statement(Line(f"{left} = {call}")), test]

    def _any(self) -> str:
        return self.imports.use("typing", "Any")

    def _fresh(self, hint: str) -> str:
        name, number = hint, 1
        while name in self.words:
            number += 1
            name = f"{hint}_{number}"
        self.words.add(name)
        return name
