"""The steps of a job, with what they have stored as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from conduit_runtime.model.job_step import JobStep
from conduit_runtime.model.text.masking import MASK

from .known import Known
from .payload_table import LONGEST, in_text


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A finished step; `attempt` ran it, and `value` is what it stored, as text.

    `state` is `hidden` if all of the value is, else empty. `more` is the number of characters that
    are left out. `is_named` is whether no part of the name is hidden.
    """

    name: str
    attempt: int
    started_at: datetime
    seconds: float
    value: str
    state: str = ""
    more: int = 0
    is_named: bool = True


def shown(found: Known, steps: Sequence[tuple[JobStep, int]]) -> Iterator[ShownStep]:
    """The finished steps, without sensitive values; with each, the size of one that was not read.

    Masking many values may take long.
    """
    for step, too_large in steps:
        if step.waits:
            continue
        value = None if too_large else found.step(step.name, step.value)
        text = "" if too_large else in_text(value)
        name = found.text(step.name)
        yield ShownStep(
            name,
            step.attempt,
            step.started_at,
            step.seconds,
            text[:LONGEST],
            "hidden" if value == MASK else "",
            too_large or max(len(text) - LONGEST, 0),
            name == step.name,
        )
