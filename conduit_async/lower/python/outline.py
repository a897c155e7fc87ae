"""Bodies that nest deeper than Python can: their inner parts become functions inside of them.

CPython takes at most 20 loops, `try` and `with` blocks inside of each other in one function, and
100 levels of indentation in a file.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ...package import Function
from ...python.code import Line, indented
from ...python.imports import Imports
from .names_used import Reading, reading

MAX_BLOCKS = 18
MAX_LEVELS = 60

_WEIGHTS = {"for": 1, "while": 1, "try": 1, "with": 1, "except": 2}
_LEAVING = re.compile(r"(return|break|continue)\b")
_CONTINUES = re.compile(r"(elif|else|except|finally)\b")
_WRITTEN_ONCE = re.compile(r"break|continue|return( \w+)?")


def outlined(function: Function, imports: Imports) -> Function:
    """The function, with parts of it in functions of their own where it nests too deep."""
    if not _is_deep(function.body):
        return function
    names = {parameter.partition(":")[0].strip() for parameter in function.parameters}
    outliner = _Outliner(_parsed(function.body), imports, names, function.result, function.is_async)
    body = outliner.outlined()
    return replace(function, body=tuple(_flat(body)))


@dataclass(eq=False)
class _Statement:
    """A line, and the statements of the block that it opens."""

    line: Line
    inside: list["_Statement"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.line.text.removeprefix("async ")

    @property
    def read(self) -> Reading:
        """What the line does with names."""
        return reading(self.line.text)

    @property
    def is_function(self) -> bool:
        return self.text.startswith("def ")

    @property
    def weight(self) -> int:
        """How many of the interpreter's blocks its own block takes."""
        word = re.match(r"\w+", self.text) if self.text.endswith(":") else None
        return _WEIGHTS.get(word[0], 0) if word else 0

    def write(self, text: str) -> None:
        self.line = replace(self.line, text=text)


def _is_deep(lines: Iterable[Line]) -> bool:
    weights: list[int] = []
    for line in lines:
        del weights[line.indent :]
        weights.append(_Statement(line).weight)
        if line.indent > MAX_LEVELS or sum(weights) > MAX_BLOCKS:
            return True
    return False


def _parsed(lines: Iterable[Line]) -> list[_Statement]:
    top: list[_Statement] = []
    blocks = [top]
    for line in lines:
        del blocks[line.indent + 1 :]
        statement = _Statement(line)
        blocks[-1].append(statement)
        blocks.append(statement.inside)
    return top


def _flat(statements: Iterable[_Statement]) -> list[Line]:
    found: list[Line] = []
    for each in statements:
        found.append(replace(each.line, indent=0))
        found += indented(_flat(each.inside))
    return found


def _all(statements: Iterable[_Statement]) -> Iterator[_Statement]:
    for each in statements:
        yield each
        yield from _all(each.inside)


def _own(statements: Iterable[_Statement]) -> Iterator[_Statement]:
    """The statements of one function, less those of functions in it."""
    for each in statements:
        yield each
        if not each.is_function:
            yield from _own(each.inside)


def _assigned(statements: Iterable[_Statement]) -> set[str]:
    return {name for each in _own(statements) for name in each.read.assigned}


def _mentioned(statements: Iterable[_Statement]) -> set[str]:
    return {name for each in statements for name in each.read.names}


def _leaving(statements: Iterable[_Statement], *, in_loop: bool = False) -> Iterator[_Statement]:
    """The statements that leave a part: `return`, and those about a loop around the part."""
    for each in statements:
        found = _LEAVING.match(each.text)
        if found and not (in_loop and found[1] != "return"):
            yield each
        if not each.is_function:
            is_loop = each.text.startswith(("for ", "while "))
            yield from _leaving(each.inside, in_loop=in_loop or is_loop)


class _Outliner:
    """One function at work. `bound` are the names that are known before it begins."""

    def __init__(
        self,
        statements: list[_Statement],
        imports: Imports,
        bound: set[str],
        result: str,
        is_async: bool,
    ) -> None:
        self.is_async = is_async
        self.statements = statements
        self.imports = imports
        self.bound = set(bound)
        self.result = result
        self.all = list(_all(statements))
        self.words = {word for each in self.all for word in re.findall(r"\w+", each.line.text)}

    def outlined(self, level: int = 1) -> list[_Statement]:
        """Its statements, with functions for the parts that nest too deep."""
        return self._function(self.statements, set(self.bound), self.result, level)

    def _function(
        self, statements: list[_Statement], bound: set[str], result: str, level: int
    ) -> list[_Statement]:
        """The statements of a function, each after the parts that were taken out of it."""
        found: list[_Statement] = []
        start = 0
        for each in statements:
            parts: list[_Statement] = []
            self._fit(each, 0, level, level, parts, bound, result)
            if not _CONTINUES.match(each.text):
                start = len(found)
            found[start:start] = parts
            start += len(parts)
            found.append(each)
            bound |= _assigned([each])
        return found

    def _fit(
        self,
        statement: _Statement,
        blocks: int,
        level: int,
        outermost: int,
        parts: list[_Statement],
        bound: set[str],
        result: str,
    ) -> None:
        if statement.is_function:
            names = set(statement.read.parameters)
            is_async = statement.line.text.startswith("async ")
            inner = _Outliner(statement.inside, self.imports, names, self._any(), is_async)
            statement.inside = inner.outlined(level + 1)
            return
        blocks += statement.weight
        if statement.inside and (blocks > MAX_BLOCKS or level >= MAX_LEVELS):
            statement.inside = self._part(statement.inside, outermost, parts, bound, result)
            return
        for each in statement.inside:
            self._fit(each, blocks, level + 1, outermost, parts, bound, result)

    def _part(
        self,
        part: list[_Statement],
        level: int,
        parts: list[_Statement],
        bound: set[str],
        result: str,
    ) -> list[_Statement]:
        """What stands in the place of a part: a call of its function, which joins `parts`."""
        shared = self._shared(part)
        for name in sorted(shared - bound):
            parts.append(_Statement(Line(f"{name}: {self._declared(name)}")))
        for each in _own(part):
            self._unannotate(each, shared)
        awaits = self.is_async and any(each.read.awaits for each in _own(part))
        name = self._fresh("part")
        given = self._caught(part)
        call = f"{'await ' if awaits else ''}{name}({', '.join(given)})"
        kind, instead = self._leave(part, call, result)
        exception = self.imports.use("builtins", "Exception")
        parameters = ", ".join(f"{each}: {exception}" for each in given)
        head = f"{'async def' if awaits else 'def'} {name}({parameters}) -> {kind}:"
        body = self._function(part, bound | shared, kind, level + 1)
        if shared:
            body.insert(0, _Statement(Line(f"nonlocal {', '.join(sorted(shared))}")))
        bound |= shared
        parts.append(_Statement(Line(head), body))
        return instead

    def _shared(self, part: list[_Statement]) -> set[str]:
        """The variables that a part assigns, and that there are outside of it as well."""
        inside = {id(each) for each in _all(part)}
        outside = [each for each in self.all if id(each) not in inside]
        elsewhere = _assigned(_Statement(each.line) for each in outside) | self.bound
        return _assigned(part) & (elsewhere | _mentioned(outside))

    def _caught(self, part: list[_Statement]) -> list[str]:
        """The exceptions of the code around that a part reads, which end with their `except`."""
        caught = {each.read.caught for each in self.all if each.read.caught is not None}
        return sorted((caught - _assigned(part)) & _mentioned(_all(part)))

    def _declared(self, name: str) -> str:
        """The type of a variable that has to be known earlier; it is written there only."""
        found = [each.read for each in self.all]
        kinds = [each.annotation for each in found if each.annotation and name in each.assigned]
        for statement in self.all:
            self._unannotate(statement, {name})
        return kinds[0] if kinds else self._any()

    def _unannotate(self, statement: _Statement, names: set[str]) -> None:
        read = statement.read
        if read.annotation is not None and read.assigned & names:
            statement.write(read.rest or "pass")

    def _leave(
        self, part: list[_Statement], call: str, result: str
    ) -> tuple[str, list[_Statement]]:
        """What a part's function returns, and its call; both see to what leaves the part."""
        leaving = list(_leaving(part))
        ends = bool(part) and part[-1] in leaving
        texts = {each.text for each in leaving}
        if not texts:
            return "None", [_Statement(Line(call))]
        if len(texts) == 1 and _WRITTEN_ONCE.fullmatch(text := next(iter(texts))):
            for each in leaving:
                each.write("return True")
            part += [] if ends else [_Statement(Line("return False"))]
            bool_ = self.imports.use("builtins", "bool")
            return bool_, [_Statement(Line(f"if {call}:"), [_Statement(Line(text))])]
        for each in leaving:
            word, _, value = each.text.partition(" ")
            each.write(f'return ("{word}", {value or "None"})')
        part += [] if ends else [_Statement(Line("return None"))]
        return self._any(), self._left({text.partition(" ")[0] for text in texts}, call, result)

    def _left(self, words: set[str], call: str, result: str) -> list[_Statement]:
        left = self._fresh("left")
        then = [
            _Statement(Line(f'if {left}[0] == "{word}":'), [_Statement(Line(word))])
            for word in sorted(words - {"return"})
        ]
        if "return" in words and result in ("None", self._any()):
            then.append(_Statement(Line("return" if result == "None" else f"return {left}[1]")))
        elif "return" in words:
            name = self._fresh("result")
            then.append(_Statement(Line(f"{name}: {result} = {left}[1]")))
            then.append(_Statement(Line(f"return {name}")))
        found = _Statement(Line(f"if {left} is not None:"), then)
        return [_Statement(Line(f"{left} = {call}")), found]

    def _any(self) -> str:
        return self.imports.use("typing", "Any")

    def _fresh(self, hint: str) -> str:
        name, number = hint, 1
        while name in self.words:
            number += 1
            name = f"{hint}_{number}"
        self.words.add(name)
        return name
