"""Which values of a block or a function may be records as a job has stored them."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from ... import ast
from ...analyses.walk import children, walk
from ...program import (
    ComputedUse,
    Facts,
    FunctionCall,
    FunctionInfo,
    JobInfo,
    LibraryCall,
    Local,
    RecordCall,
    RelationUse,
    ServiceCall,
)
from ...types import ANY, holds_record


@dataclass(frozen=True)
class Section:
    """The code of one Python function, less the jobs in it: a hook's, a job's or a `@function`'s.

    `stores`: `self` is what a job has stored, as it is in each but a hook.
    """

    root: ast.Node
    job: JobInfo | None = None
    stores: bool = True

    def nodes(self) -> Iterator[ast.Node]:
        """The nodes of its own code."""
        return walk(self.root, into=lambda node: node is self.root or not _is_job(node))


@dataclass
class StoredRecords:
    """What may be stored in some sections; `held` are the locals that are where they belong.

    A local from outside a job is stored in the job, whatever it holds outside.
    """

    facts: Facts
    sections: Iterable[Section]
    held: set[Local] = field(default_factory=set)
    functions: set[tuple[int, frozenset[int]]] = field(default_factory=set)

    def settle(self) -> None:
        """Follow what is stored through variables, loops and lambdas."""
        bound = [
            (section, local, value)
            for section in self.sections
            for node in section.nodes()
            for local, value in self._bound(node)
            if holds_record(local.type)
        ]
        before = -1
        while len(self.held) > before:
            before = len(self.held)
            for section, local, value in bound:
                if local not in self.held and self.may_be(value, section):
                    self.held.add(local)

    def _bound(self, node: ast.Node) -> Iterator[tuple[Local, ast.Expr]]:
        """The locals that take a value at a node."""
        match node, self.facts.resolutions.get(node):
            case ast.Let(value=value) | ast.For(iterable=value), _:
                if node in self.facts.declared:
                    yield self.facts.declared[node], value
            case ast.Assign(target=target, value=value), _:
                local = self.facts.resolutions.get(target)
                if isinstance(local, Local):
                    yield local, value
            case _, LibraryCall(arguments=arguments):
                given = [each for each in arguments if each is not None]
                for each in given:
                    for parameter in each.parameters if isinstance(each, ast.Lambda) else ():
                        yield from ((self.facts.declared[parameter], value) for value in given)

    def may_be(self, node: ast.Node, section: Section) -> bool:
        """Whether an expression may give a stored record, or what holds one."""
        pending: list[ast.Node] = [node]
        while pending:
            current = pending.pop()
            if not isinstance(current, ast.Lambda) and not self._holds_record(current):
                continue
            match current, self.facts.resolutions.get(current):
                case ast.SelfRef(), _:
                    if section.stores:
                        return True
                case _, Local() as local:
                    if local in self.held or is_outside(local, section.job):
                        return True
                case _, RelationUse() | ServiceCall():
                    continue
                case _, RecordCall(receiver=receiver):
                    pending += [receiver] if receiver is not None else []
                case _, FunctionCall() | ComputedUse() as call:
                    if self._gives_stored(call.function, self.given(current, section)):
                        return True
                case _, LibraryCall(arguments=arguments):
                    pending += [each for each in arguments if each is not None]
                case _:
                    pending += _parts(current)
        return False

    def given(self, node: ast.Node, section: Section) -> frozenset[int]:
        """The positions of the parameters that a call gives what is stored."""
        call = self.facts.resolutions.get(node)
        arguments = call.arguments if isinstance(call, FunctionCall) else ()
        return frozenset(
            position
            for position, argument in enumerate(arguments)
            if argument is not None and self.may_be(argument, section)
        )

    def inside(
        self, function: FunctionInfo, given: Container[int]
    ) -> "tuple[Section, StoredRecords]":
        """What is stored in a function that is called with what is stored."""
        section = Section(function.body)
        names = {each.name for at, each in enumerate(function.parameters) if at in given}
        held = {
            local
            for node in section.nodes()
            if isinstance(local := self.facts.resolutions.get(node), Local)
            and local.kind == "parameter"
            and local.name in names
        }
        inner = StoredRecords(self.facts, [section], held, self.functions)
        inner.settle()
        return section, inner

    def _gives_stored(self, function: FunctionInfo, given: frozenset[int]) -> bool:
        key = (id(function), given)
        if key in self.functions:
            return False  # it is being looked at: what it gives else decides
        self.functions.add(key)
        section, inner = self.inside(function, given)
        found = any(inner.may_be(each, section) for each in _results(function.body))
        self.functions.discard(key)
        return found

    def _holds_record(self, node: ast.Node) -> bool:
        return holds_record(self.facts.types.get(node, ANY))


def is_outside(local: Local, job: JobInfo | None) -> bool:
    """Whether a local belongs to the code around a job, so that the job has stored it."""
    owner = local.owner
    while job is not None and owner is not None and owner is not job:
        owner = owner.parent
    return job is not None and owner is None


def _is_job(node: ast.Node) -> bool:
    return isinstance(node, ast.Async)


def _parts(node: ast.Node) -> list[ast.Node]:
    """The parts of an expression that may give its value, or what is in it."""
    match node:
        case ast.Match(arms=arms):
            return [each for arm in arms for each in _results(arm.body)]
        case ast.Rescue(operand=operand, body=body):
            return [operand, *_results(body)]
        case ast.Lambda(body=body):
            return list(_results(body))
        case ast.HashLiteral(entries=entries):
            return [entry.value for entry in entries]
    return children(node)


def _results(block: ast.Block) -> Iterator[ast.Expr]:
    """The values that a block may give: those of its last statements, and of each `return`."""
    pending = [block]
    while pending:
        statements = pending.pop().statements
        match statements[-1] if statements else None:
            case ast.ExprStatement(value=value):
                yield value
            case ast.If(branches=branches, otherwise=otherwise):
                pending += [branch.body for branch in branches]
                pending += [otherwise] if otherwise is not None else []
    for node in walk(block, into=lambda each: not isinstance(each, ast.Async | ast.Lambda)):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
