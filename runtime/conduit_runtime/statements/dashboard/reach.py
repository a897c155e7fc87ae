"""How much the statements of the dashboard read."""

from dataclasses import dataclass

from ..many.bulk import BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The most that a statement reads, however large the tables are. Only tests have less."""

    scanned: int = 20_000
    """The jobs that one search reads."""
    few: int = 5_000
    """The jobs of a status that a search reads if their index is not in the order of ids."""
    counted: int = 100_000
    """The jobs that are counted, if an index alone can count them."""
    near: int = 10_000
    """The jobs around a job, or keys of its type, that are searched for what belongs to it."""
    followed: int = 20_000
    """The ids of jobs before the jobs of a flow."""
    payload: int = 1_000_000
    """The characters of a payload that is shown."""
    step: int = 100_000
    """The characters of a step's value that is shown; a job may have a hundred of these."""
    due: int = 100_000
    """The due jobs that are counted, over all queues.

    That takes 20 ms, and many times as long if a busy worker leaves dead rows.
    """
    due_of_queue: int = 100
    """The due jobs of a queue that are counted in any case."""
    changed: int = BATCH
    """The jobs that one statement changes."""


USUAL = Reach()
