"""A lowered module."""

from dataclasses import dataclass

from ..lower.functions.function import Class, Function


@dataclass(frozen=True)
class ModuleCode:
    """The module of a resource: its items in the order in which they stand.

    `record` is the class of its rows, `rows` are the names that it imports from `records.py`,
    `job_services` the services that its jobs call.
    """

    name: str
    source: str
    doc: str | None
    record: str
    imports: tuple[tuple[str, ...], ...]
    exports: tuple[str, ...]
    items: tuple[Class | Function, ...]
    jobs: tuple[str, ...]
    rows: frozenset[str]
    job_services: frozenset[str]
