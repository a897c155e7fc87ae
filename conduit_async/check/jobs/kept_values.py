"""Which values a step keeps for the code behind it, and which fields that code reads."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ... import ast
from ...analyses.queries import composed_locals, query_locals
from ...analyses.reached import reached_from
from ...analyses.walk import walk
from ...lock.model import RESCUED
from ...names import python_name, unclashed
from ...program import (
    Capture,
    ChangeCall,
    FunctionCall,
    JobInfo,
    KeyAccess,
    Local,
    Program,
    RecordCall,
    RelationUse,
    ResourceInfo,
    SelfColumn,
)
from ...types import ANY, Record, Struct, Type, innermost, is_nullable, required
from ..queries.writes import WRITES
from .capture import is_storable
from .payload_fields import shape_of
from .sensitive_values import sensitive_column
from .step_names import chain_of, path_of


@dataclass
class KeptValues:
    """The values that the steps of a block may keep, and how they are stored."""

    program: Program
    resource: ResourceInfo
    job: JobInfo
    _reads: dict[ast.Node, dict[Local, list[str]]] = field(default_factory=dict)

    def may_keep(self, local: Local) -> bool:
        """Whether a later attempt finds the value of a variable as it is now.

        Rows and structs are stored as a whole. So they are not if they have secrets, nor are rows
        if the block writes such rows, since a write changes the rows that the attempt has loaded.
        """
        inner = innermost(local.type)
        if isinstance(inner, Record) and inner.resource in self._written:
            return False
        return local not in self.queries and self.may_keep_items(local)

    @cached_property
    def queries(self) -> frozenset[Local]:
        """The variables of the block whose query runs wherever they are read."""
        facts, body = self.program.facts, self.job.body
        certain = query_locals(facts, body)
        return certain | composed_locals(facts, body, certain)

    def may_keep_items(self, local: Local) -> bool:
        """`may_keep` for rows that the code of a loop gets from a query, and that nothing changes.

        A write changes rows that were read by their keys.
        """
        inner = innermost(local.type)
        if isinstance(inner, Record):
            return not self._has_secrets(inner)
        if isinstance(inner, Struct) and self._has_secrets(inner):
            return False
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
        lets = [each for each in nodes if isinstance(each, ast.Let)]
        return {declared[each] for each in lets if each in declared}  # an error may hide some

    def needed(
        self,
        step: Sequence[ast.Statement],
        rest: Sequence[ast.Node],
        turns: Sequence[ast.Node] = (),
        sets: Iterable[Local] = (),
    ) -> list[Local]:
        """The locals that a step sets and later code reads, in the order of their declarations.

        This is the order in the block, wherever the functions are whose code it has. Of what other
        `turns` read, it is not those that the step declares: each turn has its own. It also `sets`
        some by a part of its next statement.
        """
        facts = self.program.facts
        declared = self.declared(step)
        assigned: set[object] = {
            facts.resolutions.get(each.target)
            for statement in step
            for each in walk(statement, ast.Async)
            if isinstance(each, ast.Assign) and isinstance(each.target, ast.NameRef)
        }.union(sets)
        read = {each for each in declared | assigned if self._is_read(each, rest)}
        read |= {each for each in assigned - declared if self._is_read(each, turns)}
        locals_ = (each for each in read if isinstance(each, Local))
        return sorted(locals_, key=lambda local: (self._numbers.get(local, -1), local.span.start))

    @cached_property
    def _numbers(self) -> dict[Local, int]:
        """The numbers of the locals that the block declares, in their order."""
        declared = self.program.facts.declared
        nodes = enumerate(walk(self.job.body, ast.Async))
        return {declared[node]: number for number, node in nodes if node in declared}

    def _is_read(self, local: object, code: Sequence[ast.Node]) -> bool:
        return any(local in self._reads_in(root) for root in code)

    def _reads_in(self, root: ast.Node) -> Mapping[Local, list[str]]:
        """The locals that some code reads, each with the members that it reads; "" is the whole."""
        if root not in self._reads:
            resolutions = self.program.facts.resolutions
            nodes = [*walk(root)]
            targets = {each.target for each in nodes if isinstance(each, ast.Assign)}
            member_of: dict[ast.Node, ast.Member] = {
                node.target: node
                for node in walk(root, ast.Async)
                if isinstance(node, ast.Member) and isinstance(resolutions.get(node), KeyAccess)
            }
            found = self._reads[root] = {}
            for node in nodes:
                local = resolutions.get(node)
                if node not in targets and isinstance(local, Local):
                    found.setdefault(local, []).append(_path_from(node, member_of))
        return self._reads[root]

    def kept(
        self, locals_: Sequence[Local], rest: Sequence[ast.Node], fields: Sequence[Capture] = ()
    ) -> tuple[tuple[Capture, ...], dict[Local, tuple[str, ...]]]:
        """How variables and `fields` are stored for `rest`, with distinct names.

        Also the members of those variables that have only some.
        """
        members = {each: names for each in locals_ if (names := self._members(each, rest))}
        kept: list[Capture] = []
        attributes: set[str] = set()
        taken: set[str] = set()
        for each in (*map(self._capture, locals_), *fields):
            python = python_name(each.python, attributes)
            attributes.add(python)
            name = unclashed(each.name, taken)  # a function may have a variable of this name, too
            taken.add(name)
            kept.append(_with_members(replace(each, name=name, python=python), members))
        return tuple(kept), members

    def _capture(self, local: Local) -> Capture:
        """How a variable is stored."""
        found = Capture(
            RESCUED if local.kind == "error" else local.name,
            local.python,
            local.type,
            "local",
            (local.name,),
            local=local,
            is_sensitive=sensitive_column(self.program, self.resource, local) is not None,
        )
        return replace(found, shape=shape_of(found))

    def kept_fields(
        self, step: Sequence[ast.Node], rest: Sequence[ast.Node]
    ) -> tuple[Capture, ...] | None:
        """How the fields of `self` that a step sets, and `rest` reads, are stored.

        None if one cannot be stored.
        """
        kept: list[Capture] = []
        for name, assigned in assigned_fields(step).items():
            if not may_read(self.program, self.resource, (name,), rest):
                continue
            column = self.resource.columns.get(name)  # none if the source has an error
            captured = (each for each in self.job.captures if each.path == (name,))
            own = next((each for each in captured if each.kind == "self_path"), None)
            if (
                own is None
                or column is None
                or column.sensitive
                or name == self.resource.primary_key
                or any(each.kind == "snapshot" for each in self.job.captures)
                or any(len(path_of(each.target)) > 1 for each in assigned)
            ):
                return None
            types = (self.program.facts.types.get(each.value, ANY) for each in assigned)
            is_set = any(each in step for each in assigned) and all(map(_is_not_nil, types))
            kind = required(column.type) if is_set else column.type
            kept.append(replace(own, name=f"self.{name}", type=kind, shape=None))
        return tuple(kept)

    def reads_fields_of(self, node: ast.Node, step: ast.Node) -> bool:
        """Whether code reads a field of `self` that a step sets."""
        return may_read(self.program, self.resource, assigned_fields([step]), [node])

    def _members(self, local: Local, rest: Sequence[ast.Node]) -> tuple[str, ...]:
        """The members of a service's result that code reads, if it reads nothing else of it."""
        if local.type != ANY:
            return ()
        paths = dict.fromkeys(path for root in rest for path in self._reads_in(root).get(local, ()))
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


def _with_members(capture: Capture, members: Mapping[Local, tuple[str, ...]]) -> Capture:
    """A capture whose name in the record also says what is kept of it: `label.carrier`."""
    names = members.get(capture.local) if capture.local is not None else None
    return replace(capture, name=f"{capture.name}.{','.join(names)}") if names else capture


def assigned_fields(step: Sequence[ast.Node]) -> dict[str, list[ast.Assign]]:
    """The fields of `self` that code sets, with the assignments to each or to a part of it."""
    found: dict[str, list[ast.Assign]] = {}
    for node in (node for each in step for node in walk(each, ast.Async)):
        if isinstance(node, ast.Assign) and (path := path_of(node.target)):
            found.setdefault(path[0], []).append(node)
    return found


def _is_not_nil(kind: Type) -> bool:
    return kind != ANY and not is_nullable(kind)


def may_read(
    program: Program, resource: ResourceInfo, fields: Container[str], rest: Sequence[ast.Node]
) -> bool:
    """Whether code may read some fields of the record, itself or in a function or a job."""
    facts = program.facts
    nodes = [node for root in rest for node in walk(root)]
    targets = {
        each for node in nodes if isinstance(node, ast.Assign) for each in chain_of(node.target)
    }
    owners = {node.target for node in nodes if isinstance(node, ast.Member)}
    for node in nodes:
        if node in targets:
            continue
        match facts.resolutions.get(node):
            case SelfColumn(column=column) | ChangeCall("changed_to", column=column):
                read = column.name in fields
            case RelationUse(relation=relation):
                read = relation.key in fields or resource.primary_key in fields
            case FunctionCall(function=function):
                read = _are_among(function.reads, fields)
            case _ if isinstance(node, ast.Async):
                read = _are_among(facts.jobs[node].captures, fields)
            case _:
                read = isinstance(node, ast.SelfRef) and node not in owners
        if read:
            return True
    return False


def _are_among(captures: Sequence[Capture], fields: Container[str]) -> bool:
    """Whether a function or a job reads one of some fields of the record."""
    return any(
        each.kind == "snapshot" or (each.kind == "self_path" and each.path[0] in fields)
        for each in captures
    )
