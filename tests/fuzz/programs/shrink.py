"""Shrinks a program as long as it still shows its fault."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from .program import Program
from .source.kinds import Kind
from .source.show import show
from .source.tree import (
    Alone,
    Arm,
    Assign,
    Block,
    Call,
    Expr,
    For,
    If,
    Items,
    Lambda,
    Literal,
    Match,
    Node,
    Rescue,
    Return,
)

_AT_ONCE = 30
_ROUNDS = 40
_SMALL = {
    "int": Literal(Kind("int"), 1, "1"),
    "string": Literal(Kind("string"), "a", '"a"'),
    "bool": Literal(Kind("bool"), True, "true"),
    "float": Literal(Kind("float"), 0.5, "0.5"),
}


def shrunk(program: Program, failing: Callable[[list[Program]], list[Program]]) -> Program:
    """The smallest program found; `failing` selects the programs that show the fault."""
    for _ in range(_ROUNDS):
        found = failing(_candidates(program))
        if not found:
            return program
        program = min(found, key=_size)
    return program


def _size(program: Program) -> int:
    return len(show(program.body))


def _candidates(program: Program) -> list[Program]:
    bodies = {show(body): body for body in _smaller(program.body) if isinstance(body, Block)}
    ordered = [bodies[text] for text in sorted(bodies, key=len) if len(text) < _size(program)]
    step = max(1, len(ordered) // _AT_ONCE)
    found: list[Program] = []
    for body in ordered[::step]:
        try:
            found.append(replace(program, number=len(found)).with_body(body))
        except Exception:  # the rest need not be a valid program
            continue
    return found


def _smaller(node: Any) -> Iterator[Any]:
    """The node without one of its parts, or with a part replaced by a part of that part."""
    if isinstance(node, Block):
        for at, statement in enumerate(node.statements):
            before, after = node.statements[:at], node.statements[at + 1 :]
            yield Block(before + after)
            for inner in _blocks(statement):
                yield Block((*before, *inner.statements, *after))
    if isinstance(node, Expr):
        yield from (each for each in _below(node) if each.kind == node.kind)
        yield from (each for each in [_SMALL.get(node.kind.name)] if each and each != node)
    if isinstance(node, If) and node.otherwise:
        yield replace(node, otherwise=None)
    if isinstance(node, Items | Match):
        name = "items" if isinstance(node, Items) else "arms"
        parts = getattr(node, name)
        for at in range(len(parts)):
            yield replace(node, **{name: parts[:at] + parts[at + 1 :]})
    yield from _inside(node)


def _inside(node: Any) -> Iterator[Any]:
    """The node with one of its parts shrunk."""
    if isinstance(node, tuple):
        for at, part in enumerate(node):
            for other in _smaller(part):
                yield (*node[:at], other, *node[at + 1 :])
    elif is_dataclass(node) and isinstance(node, Node):
        for each in fields(node):
            if each.name != "kind" and not (isinstance(node, Assign) and each.name == "target"):
                for other in _smaller(getattr(node, each.name)):
                    if _is_short(node, other):
                        yield replace(node, **{each.name: other})


def _is_short(node: Node, body: Any) -> bool:
    """Whether a part is allowed as the single expression after an arrow."""
    if isinstance(node, Arm | Lambda) and node.arrow and isinstance(body, Block):
        return len(body.statements) == 1 and isinstance(body.statements[0], Alone)
    return True


def _below(node: Any) -> Iterator[Expr]:
    """The expressions in an expression, except those in blocks."""
    parts = (
        node
        if isinstance(node, tuple)
        else [getattr(node, each.name) for each in fields(node) if each.name != "kind"]
    )
    for part in parts:
        if isinstance(part, Expr):
            yield part
            yield from _below(part)
        elif isinstance(part, tuple):
            yield from _below(part)


def _blocks(node: Any) -> Iterator[Block]:
    """The blocks of a statement."""
    match node:
        case If():
            yield from (body for _, body in node.branches)
            if node.otherwise:
                yield node.otherwise
        case For():
            yield node.body
        case Alone(value=Match(arms=arms)):
            yield from (arm.body for arm in arms)
        case Alone(value=Rescue(body=body)):
            yield body
        case Alone(value=Call(arguments=arguments)):
            yield Block(tuple(Alone(each) for each in arguments if isinstance(each, Expr)))
        case Return():
            return
