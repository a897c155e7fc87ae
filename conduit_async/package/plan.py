"""What is to be lowered and emitted, with all names that are taken."""

from dataclasses import dataclass

from ..program import JobInfo, Program, ResourceInfo
from .rows import Rows


@dataclass(frozen=True)
class ModulePlan:
    """The module of a resource that has hooks.

    `jobs` are in the order of the source, outer before nested. `defined` are the names that the
    module defines itself, `taken` all that its imports give way to beside those of `records.py`.
    """

    resource: ResourceInfo
    jobs: tuple[JobInfo, ...]
    defined: frozenset[str]
    taken: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """What is to be lowered and emitted.

    `records` are the names that `records.py` may define, `rows` what it may have of each source,
    `reserved` the names that its imports give way to.
    """

    program: Program
    awaits: bool
    modules: tuple[ModulePlan, ...]
    records: frozenset[str]
    rows: Rows
    reserved: frozenset[str]
