"""The service calls of a job in their order, with the code that leads to each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ... import ast
from ...analyses.walk import children, walk
from ...program import Facts, FunctionCall, FunctionInfo, RaiseCall, ServiceCall
from ...types import NIL
from .decisions import diverges

CallStack = tuple[ast.Node, ...]
"""The calls of functions that lead to some code, the one in the job first."""


@dataclass(frozen=True, eq=False)
class Region:
    """A region of the control flow: one of the alternatives of a `choice`, or the body of a loop.

    `leaves`: control never reaches its end.
    """

    choice: ast.Node
    number: int
    outer: "Region | None"
    frames: CallStack
    leaves: bool
    is_loop: bool = False

    def outward(self) -> Iterator["Region"]:
        """This region and those around it."""
        region: Region | None = self
        while region is not None:
            yield region
            region = region.outer


@dataclass(frozen=True)
class CallSite:
    """A call of a service.

    `is_used`: its result is used. `is_handled`: a `rescue` handles its failure. `region` is the
    innermost region around it.
    """

    node: ast.Node
    call: ServiceCall
    is_used: bool
    is_handled: bool
    region: Region | None
    frames: CallStack

    @property
    def at(self) -> ast.Node:
        """Its place in the job: the call, or the call of the function that makes it."""
        return self.frames[0] if self.frames else self.node


@dataclass(frozen=True)
class _Visit:
    """A node to search; `is_done`: its parts are searched already."""

    node: ast.Node
    is_used: bool = False
    is_handled: bool = False
    region: Region | None = None
    frames: CallStack = ()
    is_done: bool = False


def call_sites(facts: Facts, body: ast.Block) -> Iterator[CallSite]:
    """The calls that a job makes, in order, without those of the jobs in it.

    They do not include the calls in a `rescue`, which run only after a failure. The search follows
    each function at most twice: the second call shows what a repetition repeats.
    """
    pending = [_Visit(body)]
    followed = Counter[FunctionInfo]()
    while pending:
        visit = pending.pop()
        use = facts.resolutions.get(visit.node)
        if not isinstance(use, ServiceCall | FunctionCall):
            pending += reversed([*_parts(visit, facts)])
        elif not visit.is_done:
            pending.append(replace(visit, is_done=True))
            pending += (
                replace(visit, node=each, is_used=True) for each in reversed(children(visit.node))
            )
        elif isinstance(use, ServiceCall):
            yield CallSite(
                visit.node, use, visit.is_used, visit.is_handled, visit.region, visit.frames
            )
        elif followed[use.function] < 2:
            followed[use.function] += 1
            pending.append(
                _Visit(
                    use.function.body,
                    use.function.result != NIL,
                    visit.is_handled,
                    visit.region,
                    (*visit.frames, visit.node),
                )
            )


def _parts(visit: _Visit, facts: Facts) -> Iterator[_Visit]:
    """The nodes that are evaluated for a node, in order."""

    def value(node: ast.Node) -> _Visit:
        return replace(visit, node=node, is_used=True)

    def region(node: ast.Node, number: int) -> _Visit:
        leaves = isinstance(node, ast.Block) and diverges(node)
        return replace(
            visit, node=node, region=Region(visit.node, number, visit.region, visit.frames, leaves)
        )

    def loop(node: ast.Block, *, is_used: bool) -> _Visit:
        around = Region(visit.node, 0, visit.region, visit.frames, diverges(node), is_loop=True)
        return replace(visit, node=node, region=around, is_used=is_used)

    match visit.node:
        case ast.Block(statements=statements):
            for each in statements:
                is_value = visit.is_used and each is statements[-1]
                yield replace(visit, node=each, is_used=is_value)
        case ast.ExprStatement(value=node) | ast.Unwrap(operand=node):
            yield replace(visit, node=node)
        case ast.If(branches=branches, otherwise=otherwise):
            yield from (value(each.condition) for each in branches)
            yield from (region(each.body, number) for number, each in enumerate(branches))
            if otherwise is not None:
                yield region(otherwise, len(branches))
        case ast.Ternary(condition=condition, then=then, otherwise=otherwise):
            yield from (value(condition), region(then, 0), region(otherwise, 1))
        case ast.Match(subject=subject, arms=arms):
            yield value(subject)
            yield from (region(each.body, number) for number, each in enumerate(arms))
        case ast.Binary(operator="and" | "or" | "??", left=left, right=right):
            yield from (value(left), replace(visit, node=right))
        case ast.For(iterable=iterable, body=body):
            yield from (value(iterable), loop(body, is_used=False))
        case ast.Lambda(body=body):
            yield loop(body, is_used=True)
        case ast.Rescue(operand=operand, body=fallback):
            is_handled = visit.is_handled or not _raises(facts, fallback)
            yield replace(visit, node=operand, is_handled=is_handled)
        case ast.Async(options=options):
            yield from map(value, options)
        case _:
            yield from map(value, children(visit.node))


def _raises(facts: Facts, fallback: ast.Block) -> bool:
    return any(
        isinstance(node, ast.Raise) or isinstance(facts.resolutions.get(node), RaiseCall)
        for node in walk(fallback)
    )
