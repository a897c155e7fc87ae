"""The child processes of a worker, in which its isolated jobs run."""

from dataclasses import dataclass, field

REASONS = ("timeout", "lost", "shutdown", "died")
"""Why children end during a job.

At its timeout, since it was lost (it was cancelled, or another worker has it), since the worker
shuts down; "died" are those that their worker did not kill.
"""


@dataclass(slots=True)
class ChildCounts:
    """How many children live now, and how many ended during a job, by each of the `REASONS`."""

    alive: int = 0
    ended: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))

    @property
    def in_words(self) -> str:
        """The counts for a reader; empty if there are none."""
        ended = [f"{n} {reason}" for reason in REASONS if (n := self.ended.get(reason))]
        alive = f"{self.alive} alive" if self.alive else ""
        return "; ".join(filter(None, [alive, f"ended: {', '.join(ended)}" if ended else ""]))
