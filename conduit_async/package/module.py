"""Python functions and classes, and modules of them."""

from dataclasses import dataclass

from ..python.code import Line
from ..source import Span


@dataclass(frozen=True)
class Function:
    """A Python function, ready to be written."""

    name: str
    parameters: tuple[str, ...]
    result: str
    body: tuple[Line, ...]
    doc: str | None = None
    decorator: str | None = None
    is_async: bool = False
    span: Span | None = None


@dataclass(frozen=True)
class Class:
    """A payload class: its fields as name and annotation; `named` is the decorator's text.

    `dataclass` is what its module calls `dataclasses.dataclass`.
    """

    name: str
    dataclass: str
    fields: tuple[tuple[str, str], ...]
    named: str | None = None
    doc: str | None = None


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
