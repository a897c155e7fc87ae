"""A finding of `conduitc breaking`, and the order of deployment that findings allow."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..source import Span

Verdict: TypeAlias = Literal["either", "workers-first", "web-first", "drain-first", "never"]

CODES: frozenset[str] = frozenset({
    "BRK101", "BRK102", "BRK103", "BRK104", "BRK105", "BRK106", "BRK107", "BRK108", "BRK109",
    "BRK110", "BRK111", "BRK112", "BRK120", "BRK121", "BRK122", "BRK123", "BRK124", "BRK125",
    "BRK126", "BRK127", "BRK130", "BRK131", "BRK132", "BRK133", "BRK140", "BRK141", "BRK142",
    "BRK143", "BRK144",
})  # fmt: skip
"""The codes of all rules."""


LOSING: frozenset[str] = frozenset({"BRK112", "BRK125"})
"""The rules about jobs that run, but may lose a value or a call."""


@dataclass(frozen=True)
class Finding:
    """One change: its rule, its verdict, its place, what changed and a hint.

    `job` is the job type, None for a change of the package; `field` is the path of a field of its
    payload.
    """

    code: str
    verdict: Verdict
    span: Span
    message: str
    hint: str | None = None
    job: str | None = None
    field: str | None = None


def order_of(verdicts: Collection[Verdict]) -> Verdict:
    """Return the order of a deploy with all of these changes."""
    found = {*verdicts} - {"either"}
    if "never" in found:
        return "never"
    if len(found) > 1:  # one change needs workers first, another web processes first
        return "drain-first"
    return found.pop() if found else "either"


def verdict_of(*, old_jobs_run: bool, new_jobs_run: bool) -> Verdict:
    """Return the verdict on a change of a payload.

    `old_jobs_run`: new workers can read the payloads of waiting jobs. `new_jobs_run`: old workers
    can read the payloads that new web processes enqueue.
    """
    if old_jobs_run:
        return "either" if new_jobs_run else "workers-first"
    return "web-first" if new_jobs_run else "never"
