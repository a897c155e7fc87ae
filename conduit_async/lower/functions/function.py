"""Whole Python functions: what a module consists of."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from ... import ast
from ...analyses.queries import composed_locals, query_locals, receivers
from ...analyses.walk import walk
from ...program import Facts, Local
from ...python.code import Line
from ...types import ANY, Struct, required

_TEXT = re.compile(r"""(?<!\w)([rbf]*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Locals:
    """Which locals the code of a function reads, and which it assigns after their `let`.

    `queries` are those that stand for a query; they are read where they are more than what
    another query continues; `composed` those that stand for one which is known at run time
    only. `assigns_fields`: it assigns fields of the row. `shares_structs`: it
    uses structs as values, which an assignment to a field of theirs must not change.
    """

    read: frozenset[Local] = field(default=frozenset())
    assigned: frozenset[Local] = field(default=frozenset())
    queries: frozenset[Local] = field(default=frozenset())
    composed: frozenset[Local] = field(default=frozenset())
    assigns_fields: bool = False
    shares_structs: bool = False

    @property
    def known_queries(self) -> frozenset[Local]:
        """The locals that stand for a query, whichever it is."""
        return self.queries | self.composed

    @property
    def may_change(self) -> bool:
        """Whether anything is assigned after it was read."""
        return self.assigns_fields or bool(self.assigned)


def survey_locals(facts: Facts, body: ast.Node) -> Locals:
    """Find the locals that are read and those that are assigned."""
    read: set[Local] = set()
    assigned: set[Local] = set()
    targets: set[ast.Node] = set()
    queries = query_locals(facts, body)
    composed = composed_locals(facts, body, queries)
    continued = set(receivers(facts, body)) if queries else set()
    for node in walk(body):
        if isinstance(node, ast.Assign):
            targets.add(node.target)
        local = facts.resolutions.get(node)
        if isinstance(local, Local):
            if not (local in queries and node in continued):
                (assigned if node in targets else read).add(local)
        elif (called := getattr(local, "local", None)) is not None:
            read.add(called)
    fields = any(isinstance(target, ast.Member) for target in targets)
    shares = fields and _shares_structs(facts, body, targets)
    return Locals(frozenset(read), frozenset(assigned), queries, composed, fields, shares)


def _shares_structs(facts: Facts, body: ast.Node, targets: set[ast.Node]) -> bool:
    nodes = list(walk(body, into=lambda each: not isinstance(each, ast.Async)))
    owners = {node.target for node in nodes if isinstance(node, ast.Member)} | targets
    return any(
        isinstance(node, ast.SelfRef) or isinstance(required(facts.types.get(node, ANY)), Struct)
        for node in nodes
        if node not in owners and not isinstance(node, ast.HashLiteral)
    )


def uses(lines: Iterable[Line], name: str) -> bool:
    """Whether lines mention a variable; a text or a named argument of its name is none."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}\b(?!=[^=])")
    return any(name in line.text and pattern.search(without_texts(line.text)) for line in lines)


def without_texts(code: str) -> str:
    """Code without what stands in string literals; of f-strings, the expressions stay."""
    return _TEXT.sub(lambda found: _expressions(found[2]) if "f" in found[1] else '""', code)


def _expressions(text: str) -> str:
    inner = text[1:-1].replace("{{", "").replace("}}", "")
    return " ".join(without_texts(each) for each in _BRACES.findall(inner))


def return_directly(lines: list[Line], shared: Collection[str] = ()) -> list[Line]:
    """A body that returns a value at once, not by a variable of its own that it just assigned.

    `shared` are variables that are more than this body's.
    """
    found: list[Line] = []
    for line in lines:
        name = line.text.removeprefix("return ")
        before = found[-1] if found else None
        if (
            before is not None
            and line.text.startswith("return ")
            and before.indent == line.indent
            and before.text.startswith(f"{name} = ")
            and name not in shared
        ):
            found[-1] = replace(before, text=f"return {before.text.removeprefix(f'{name} = ')}")
        else:
            found.append(line)
    return found


def without_final_return(lines: list[Line]) -> list[Line]:
    """A body without a bare `return` at its end."""
    while lines and lines[-1].text == "return" and lines[-1].indent == 0:
        lines = lines[:-1]
    return lines
