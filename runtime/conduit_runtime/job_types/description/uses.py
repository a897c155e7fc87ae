"""Reads from the code of generated functions what they enqueue and call.

A generated function names a job type only to enqueue it, and reaches a service only as an attribute
of `services`. So the code alone shows what enqueues and calls what; the package need not list it.
"""

import dis
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ...model.text.names import source_name
from ...model.type_description import HookUses
from ...services.protocols import is_value
from ..job_type import JobType

_HOOK = re.compile(r"_?(after_(?:create|update|save|delete))(?:_\d+)?")
ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD"}


@dataclass(frozen=True, slots=True)
class Uses:
    """The names of the job types that functions enqueue, and the service methods that they call."""

    enqueues: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()


def uses_of(function: Any) -> Uses:
    """The uses of a generated function, and of the functions of its module that it calls."""
    return _uses(function, set())


def hooks_of(module: ModuleType) -> Mapping[str, list[HookUses]]:
    """The hooks of a generated module that enqueue jobs, by the name of the job type."""
    found: dict[str, set[str]] = {}
    calls: dict[str, set[str]] = {}
    for name, function in vars(module).items():
        if (event := _HOOK.fullmatch(name)) is None or not isinstance(function, FunctionType):
            continue
        hook = f"{_resource(module)}.{event[1]}"
        uses = _uses(function, set())
        calls.setdefault(hook, set()).update(uses.calls)
        for job_type in uses.enqueues:
            found.setdefault(job_type, set()).add(hook)
    return {
        job_type: [HookUses(hook, tuple(sorted(calls[hook]))) for hook in sorted(hooks)]
        for job_type, hooks in found.items()
    }


def _resource(module: ModuleType) -> str:
    """The resource that the hooks of a module belong to: the class that they return."""
    for name, function in vars(module).items():
        if name[0] != "_" and _HOOK.fullmatch(name) and isinstance(function, FunctionType):
            record = function.__annotations__.get("return")
            if isinstance(record, type):
                return source_name(record)
    return module.__name__.rpartition(".")[2]


def _uses(function: Any, seen: set[Any]) -> Uses:
    seen.add(function)
    names = function.__globals__
    enqueues: set[str] = set()
    calls: set[str] = set()
    for code in codes(function.__code__):
        for kind, name, chain in _reads(code):
            if kind == "services":
                calls.update(_calls(function.__module__, name, chain))
                continue
            found = names.get(name)
            if isinstance(found, JobType):
                enqueues.add(found.name)
            elif _is_own(found, function, name) and found not in seen:
                within = _uses(found, seen)
                enqueues |= within.enqueues
                calls |= within.calls
    return Uses(frozenset(enqueues), frozenset(calls))


def _is_own(found: object, function: Any, name: str) -> bool:
    """Whether this is a function of the same module but no hook, which has uses of its own."""
    return (
        isinstance(found, FunctionType)
        and found.__module__ == function.__module__
        and _HOOK.fullmatch(name) is None
    )


def codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and the code of functions within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def _reads(code: CodeType) -> Iterator[tuple[str, str, str]]:
    """The globals that code reads, and its services: `services`, the attribute, the next one."""
    chain: list[str] = []
    for each in dis.get_instructions(code):
        if each.opname in ATTRIBUTES:
            chain.append(each.argval)
            continue
        if each.opname == "EXTENDED_ARG":
            continue
        yield from _services(chain)
        chain = []
        if each.opname == "LOAD_GLOBAL":
            yield "global", each.argval, ""
    yield from _services(chain)


def _services(chain: list[str]) -> Iterator[tuple[str, str, str]]:
    if len(chain) > 1 and chain[0] == "services":
        yield "services", chain[1], chain[2] if len(chain) > 2 else ""


def _calls(module: str, service: str, method: str) -> list[str]:
    """The call as in the source, such as `SearchIndex.put`, from the attributes of `services`.

    The list is empty if `services` is a field of a payload instead.
    """
    package = sys.modules.get(module.rpartition(".")[0])
    known: Mapping[str, Any] | None = getattr(package, "SERVICES", None)
    if known is None:  # the package is written by hand
        return [f"{service}.{method}" if method else service]
    if service not in known:
        return []
    protocol = known[service]
    if is_value(protocol):
        return [service]
    function = vars(protocol).get(method)
    name = source_name(protocol)
    return [f"{name}.{source_name(function)}" if function is not None else name]
