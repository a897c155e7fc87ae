"""Writes the counts of a process to the database."""

import random
import time

import psycopg

from ..model.metrics.attempt_counts import AttemptCounters
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff
from ..postgres.steps import Run, run_steps
from ..statements import metrics as store
from .attempt_counters import Recorder

_log = get_logger("conduit.metrics")


class Flusher:
    """Flushes a recorder at each step, in one thread, and compacts every `compaction` seconds.

    Counts that could not be written are written the next time. It raises no error of Postgres.
    """

    def __init__(self, recorder: Recorder, compaction: float) -> None:
        self._recorder = recorder
        self._compaction = compaction
        self._next_compaction = time.monotonic() + compaction * random.random()  # noqa: S311
        self._backoff = Backoff(_log, "metrics cannot be stored")

    def set_clock(self, server: float) -> None:
        """Note the Unix time of the server's clock, which measures waits."""
        self._recorder.server_offset = server - time.monotonic()

    def step(self, run: Run) -> None:
        """Flush; compact as well if that is due."""
        self._try(run, compact=time.monotonic() >= self._next_compaction)

    def finish(self, run: Run) -> None:
        """Flush what is left."""
        self._try(run, compact=False)

    def _try(self, run: Run, *, compact: bool) -> None:
        try:
            self._flush(run)
            if compact and not run_steps(store.compact(), run):
                self._next_compaction = time.monotonic() + self._compaction
        except psycopg.Error as error:
            self._backoff.next_delay(error)
        else:
            self._backoff.reset()

    def _flush(self, run: Run) -> None:
        written = self._recorder.written
        present = {key: counters.copy() for key, counters in self._recorder.all_counters()}
        added = [
            (key, new)
            for key, counters in sorted(present.items())
            if (new := counters.since(written.get(key, AttemptCounters())))
        ]
        if added:
            run(store.flush(added))
            written |= {key: present[key] for key, _ in added}
