"""Which values a step keeps for the code behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ... import ast
from ...analyses.reached import reached_from
from ...analyses.walk import walk
from ...names import python_name
from ...program import (
    Capture,
    JobInfo,
    KeyAccess,
    Local,
    Program,
    RecordCall,
    ResourceInfo,
)
from ...types import ANY, Record, Struct, innermost, required
from ..queries.writes import WRITES
from .capture import is_storable
from .payload_fields import shape_of
from .sensitive_values import sensitive_column


@dataclass
class KeptValues:
    """The values that the steps of a block may keep, and how they are stored."""

    program: Program
    resource: ResourceInfo
    job: JobInfo
    _reads: dict[ast.Node, frozenset[Local]] = field(default_factory=dict, init=False)

    def may_keep(self, local: Local) -> bool:
        """Whether a later attempt finds the value of a variable as it is now.

        A row is stored as a whole. So it is not if it has secrets, or if the block writes such
        rows, since a write changes the rows that the attempt has loaded.
        """
        kind = required(local.type)
        if isinstance(kind, Record):
            return kind.resource not in self._written and not self._has_secrets(kind)
        return is_storable(self.program, local)

    def _has_secrets(self, kind: Record | Struct) -> bool:
        return any(
            column.sensitive or (isinstance(part, Struct) and self._has_secrets(part))
            for column in self.program.members(kind).values()
            for part in (innermost(column.type),)
        )

    @cached_property
    def _written(self) -> set[str]:
        """The resources that have rows which the block changes or deletes."""
        found: set[str] = set()
        for node in reached_from(self.program, [self.job.block.body]).nodes():
            if isinstance(node, ast.Assign) and isinstance(node.target, ast.Member):
                found.add(self.resource.name)
            match self.program.facts.resolutions.get(node):
                case RecordCall(resource=resource, operation=operation) if operation in WRITES:
                    found |= {resource} if WRITES[operation].event != "create" else set()
        return found

    def declared(self, statements: Sequence[ast.Statement]) -> set[object]:
        """The locals that statements declare."""
        declared = self.program.facts.declared
        nodes = [each for statement in statements for each in walk(statement, ast.Async)]
        return {declared[each] for each in nodes if isinstance(each, ast.Let)}

    def needed(self, step: Sequence[ast.Statement], rest: Sequence[ast.Node]) -> list[Local]:
        """The locals that a step sets and `rest` reads, in the order of their declarations."""
        facts = self.program.facts
        set_here = self.declared(step) | {
            facts.resolutions.get(each.target)
            for statement in step
            for each in walk(statement, ast.Async)
            if isinstance(each, ast.Assign) and isinstance(each.target, ast.NameRef)
        }
        read = {local for each in rest for local in self._read_by(each) if local in set_here}
        return sorted(read, key=lambda local: local.span.start)

    def _read_by(self, node: ast.Node) -> frozenset[Local]:
        if node not in self._reads:
            nodes = [*walk(node)]
            targets = {each.target for each in nodes if isinstance(each, ast.Assign)}
            uses = (
                self.program.facts.resolutions.get(each) for each in nodes if each not in targets
            )
            self._reads[node] = frozenset(use for use in uses if isinstance(use, Local))
        return self._reads[node]

    def captures(self, locals_: Sequence[Local]) -> tuple[Capture, ...]:
        """How variables are stored, with distinct names."""
        kept: list[Capture] = []
        taken: set[str] = set()
        for local in locals_:
            python = python_name(local.python, taken)
            taken.add(python)
            is_sensitive = sensitive_column(self.program, self.resource, local) is not None
            each = Capture(
                local.name,
                python,
                local.type,
                "local",
                (local.name,),
                local=local,
                is_sensitive=is_sensitive,
            )
            kept.append(replace(each, shape=shape_of(each)))
        return tuple(kept)

    def members(self, local: Local, rest: Sequence[ast.Node]) -> tuple[str, ...]:
        """The members of a service's result that code reads, if it reads nothing else of it."""
        if local.type != ANY:
            return ()
        resolutions = self.program.facts.resolutions
        member_of: dict[ast.Node, ast.Member] = {
            node.target: node
            for root in rest
            for node in walk(root, ast.Async)
            if isinstance(node, ast.Member) and isinstance(resolutions.get(node), KeyAccess)
        }
        reads = [n for root in rest for n in walk(root) if resolutions.get(n) is local]
        paths = dict.fromkeys(_path_from(node, member_of) for node in reads)
        if "" in paths:
            return ()
        return tuple(each for each in paths if not any(each.startswith(f"{p}.") for p in paths))


def _path_from(node: ast.Node, member_of: Mapping[ast.Node, ast.Member]) -> str:
    """The members that are read one after the other, `address.city`; "" for a value as a whole."""
    names: list[str] = []
    while (member := member_of.get(node)) is not None:
        names.append(member.name.text)
        node = member
    return ".".join(names)


def with_members(capture: Capture, members: Mapping[Local, tuple[str, ...]]) -> Capture:
    """A capture whose name in the record also says what is kept of it: `label.carrier`."""
    names = members.get(capture.local) if capture.local is not None else None
    return replace(capture, name=f"{capture.name}.{','.join(names)}") if names else capture
