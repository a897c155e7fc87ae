"""Reports reads of sensitive fields from a record that a job has stored without them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ... import ast
from ...analyses.results import body_results
from ...analyses.walk import children, walk
from ...diagnostics import Problems
from ...program import (
    FunctionCall,
    FunctionInfo,
    JobInfo,
    LibraryCall,
    Local,
    Program,
    RecordCall,
    RecordColumn,
    RelationUse,
    ResourceInfo,
    ServiceCall,
)
from ...types import ANY, Record, holds_record, required
from ..wording import snippet


@dataclass(frozen=True)
class _CodeUnit:
    """The code of a hook, a job or a function, without the jobs in it.

    `stores_self`: `self` is a record that a job has stored. `given` are the parameters that hold
    a stored record.
    """

    root: ast.Node
    job: JobInfo | None = None
    stores_self: bool = True
    given: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _SensitiveRead:
    """A read of a sensitive field; `function` is the called function that reads it, if any."""

    node: ast.Expr
    record: ast.Expr
    resource: str
    field: str
    function: FunctionInfo | None = None


def report_sensitive_reads(program: Program, problems: Problems) -> None:
    """Report (ASY903) each read of a sensitive field that its record may lack."""
    resources = program.resources.values()
    if not any(column.sensitive for info in resources for column in info.columns.values()):
        return
    stored = _StoredRecords(program)
    for info in resources:
        functions = [_CodeUnit(each.body) for each in info.functions.values() if each.reached]
        hooks = [_CodeUnit(hook.node, stores_self=False) for hook in info.hooks]
        jobs = [_CodeUnit(job.block.body, job) for job in info.jobs]
        for code in (*functions, *hooks, *jobs):
            for read in stored.sensitive_reads(code):
                _report(stored, read, code, info, problems)


def _report(
    stored: "_StoredRecords",
    read: _SensitiveRead,
    code: _CodeUnit,
    info: ResourceInfo,
    problems: Problems,
) -> None:
    record, name = snippet(read.record), f"{read.resource}.{read.field}"
    message = (
        f"a job stores `{record}` without the sensitive field `{name}`, "
        f"which `{read.function.name}` reads"
        if read.function is not None
        else f"`{record}` may be a record that a job has stored, "
        f"without its sensitive field `{name}`"
    )
    local = stored.program.facts.resolutions.get(read.record)
    hint = f"load the record inside: `{read.resource}.find(…)`"
    if read.function is None and read.resource == info.name:
        hint = f"read `self.{read.field}`, which is stored by itself, or {hint}"
    elif isinstance(read.record, ast.SelfRef) or (
        isinstance(local, Local) and local.is_captured_by(code.job)
    ):
        example = f"`let {read.field} = {record}.{read.field}`"
        hint = f"read it before the block ({example}), or {hint}"
    else:
        hint = f"read the field before the block, or {hint}"
    problems.error("ASY903", read.node.span, message, hint)


class _StoredRecords:
    """Finds the values that may be records that a job has stored.

    `values` are the expressions whose values, or whose parts, a local may hold. `calls` are the
    calls whose results are being searched.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.calls: set[tuple[FunctionInfo, frozenset[str]]] = set()
        facts = program.facts
        self.values = {local: list(values) for local, values in facts.assigned.items()}
        for node, local in facts.declared.items():
            if isinstance(node, ast.Let | ast.For):
                value = node.value if isinstance(node, ast.Let) else node.iterable
                self.values.setdefault(local, []).append(value)
        for call in facts.resolutions.values():
            if isinstance(call, LibraryCall):
                given = [each for each in call.arguments if each]
                for function in (each for each in given if isinstance(each, ast.Lambda)):
                    for parameter in function.parameters:
                        self.values.setdefault(facts.declared[parameter], []).extend(given)

    def may_be_stored(self, node: ast.Node, code: _CodeUnit) -> bool:
        """Whether the value of an expression may be or hold a stored record."""
        facts = self.program.facts
        pending: list[ast.Node] = [node]
        seen: set[Local] = set()
        while pending:
            current = pending.pop()
            holds = isinstance(current, ast.Lambda) or holds_record(facts.types.get(current, ANY))
            match current, facts.resolutions.get(current):
                case _ if not holds:
                    continue
                case ast.SelfRef(), _:
                    if code.stores_self:
                        return True
                case _, Local() as local:
                    if local.is_captured_by(code.job) or _is_given(local, code):
                        return True
                    pending += self.values.get(local, ()) if local not in seen else ()
                    seen.add(local)
                case _, RelationUse() | ServiceCall():
                    continue
                case _, RecordCall(receiver=receiver):
                    pending += [receiver] if receiver is not None else []
                case _, FunctionCall() as call:
                    if self._returns_stored(call, code):
                        return True
                case _, LibraryCall(arguments=arguments):
                    pending += filter(None, arguments)
                case _:
                    pending += _parts(current)
        return False

    def _returns_stored(self, call: FunctionCall, code: _CodeUnit) -> bool:
        function = call.function
        given = frozenset(
            parameter.name
            for parameter, argument in zip(function.parameters, call.arguments, strict=True)
            if argument is not None and self.may_be_stored(argument, code)
        )
        if (function, given) in self.calls:
            return False
        self.calls.add((function, given))
        inside = _CodeUnit(function.body, given=given)
        found = any(
            self.may_be_stored(each, inside) for each in body_results(function.body) if each
        )
        self.calls.discard((function, given))
        return found

    def sensitive_reads(
        self, code: _CodeUnit, seen: set[tuple[FunctionInfo, str]] | None = None
    ) -> Iterator[_SensitiveRead]:
        """Find the reads in some code, and those of the functions it calls, at the call.

        `seen` has the parameters that the search followed already, if it began at a call.
        """
        for node in walk(code.root, ast.Async):
            match node, self.program.facts.resolutions.get(node):
                case ast.Member(target=target), RecordColumn(resource=resource, column=column):
                    if column.sensitive and self._lacks(target, code):
                        yield _SensitiveRead(node, target, resource, column.name)
                case ast.Member(target=target), RelationUse(owner=owner, relation=relation):
                    key = self.program.resources[owner].columns.get(relation.key)
                    is_key = relation.kind == "to_one" and key is not None and key.sensitive
                    is_own = isinstance(target, ast.SelfRef)
                    if is_key and not is_own and self._lacks(target, code):
                        yield _SensitiveRead(node, target, owner, relation.key)
                case ast.Call() | ast.Member(), RecordCall(
                    operation="pluck", receiver=receiver
                ) as call:
                    if receiver is not None and self.may_be_stored(receiver, code):
                        columns = self.program.resources[call.resource].columns
                        for argument in call.arguments:
                            name = ast.constant_text(argument.value) or ""
                            if name in columns and columns[name].sensitive:
                                yield _SensitiveRead(node, receiver, call.resource, name)
                case ast.Call() | ast.Member(), FunctionCall() as use:
                    yield from self._called(node, use, code, seen)

    def _lacks(self, target: ast.Expr, code: _CodeUnit) -> bool:
        """Whether a record may lack its sensitive fields; a job captures those of a local."""
        local = self.program.facts.resolutions.get(target)
        if not isinstance(local, Local):
            return self.may_be_stored(target, code)
        if local.owner is not code.job:
            code = _CodeUnit(code.root, local.owner, local.owner is not None)
        values = self.values.get(local, ())
        return _is_given(local, code) or any(self.may_be_stored(value, code) for value in values)

    def _called(
        self,
        node: ast.Expr,
        call: FunctionCall,
        code: _CodeUnit,
        seen: set[tuple[FunctionInfo, str]] | None,
    ) -> Iterator[_SensitiveRead]:
        """Find the reads of a called function from its record and its arguments."""
        function = call.function
        callee = node.callee if isinstance(node, ast.Call) else node
        if isinstance(callee, ast.Member) and not isinstance(callee.target, ast.SelfRef):
            record = required(self.program.facts.types.get(callee.target, ANY))
            if isinstance(record, Record) and self.may_be_stored(callee.target, code):
                columns = self.program.resources[record.resource].columns
                for read in function.reads:
                    if read.kind in ("self_path", "change") and columns[read.path[0]].sensitive:
                        yield _SensitiveRead(
                            node, callee.target, record.resource, read.path[0], function
                        )
                        break
        for parameter, argument in zip(function.parameters, call.arguments, strict=True):
            searched = set() if seen is None else seen
            key = function, parameter.name
            if argument is None or key in searched or not self.may_be_stored(argument, code):
                continue
            searched.add(key)
            inside = _CodeUnit(function.body, stores_self=False, given=frozenset({parameter.name}))
            found = next(self.sensitive_reads(inside, searched), None)
            if found is not None:
                yield replace(found, node=argument, record=argument, function=function)


def _is_given(local: Local, code: _CodeUnit) -> bool:
    return local.kind == "parameter" and local.name in code.given


def _parts(node: ast.Node) -> list[ast.Node]:
    """The parts of an expression that may be its value, or be in it."""
    match node:
        case ast.Match(arms=arms):
            return [each for arm in arms for each in body_results(arm.body) if each]
        case ast.Rescue(operand=operand, body=body):
            return [operand, *filter(None, body_results(body))]
        case ast.Lambda(body=body):
            return [*filter(None, body_results(body))]
        case ast.HashLiteral(entries=entries):
            return [entry.value for entry in entries]
    return children(node)
