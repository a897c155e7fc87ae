"""The results of a round of failovers, in addition to those of every run."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from event_files import read_events
from history import History
from resumptions import Failover, Resumption, resumptions
from run_report import RunReport
from timelines import Losses, check_continuity, separate
from unique_producer import check_unique, unique_jobs


@dataclass
class Round(RunReport):
    """The results of a round."""

    _: KW_ONLY
    mode: str
    way: str
    failovers: list[Failover] = field(default_factory=list)
    resumed: list[Resumption] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    unique: int = 0
    migrations: str = ""
    application: str = ""

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{self.mode} replication, through {self.way}, seed {self.seed}: "
                f"{len(self.failovers)} failovers, {self.figures}, {self.unique:,} unique jobs, "
                f"{self.migrations}, {self.application}",
                f"lost with the old leaders: {len(self.losses.jobs)} jobs with the rows of their "
                f"transactions, {len(self.losses.attempts)} attempts, "
                f"{len(self.losses.rows)} rows of handlers",
                *self.shown_violations,
            )
        )

    def audit(self, history: History, copies: Path, workers: Sequence[str]) -> None:
        """Check the history of the round. Workers wrote `copies` of their events."""
        self.losses = separate(history, [*read_events(copies)])
        if self.mode == "synchronous":
            self.violations += [f"{job}: was confirmed, and is lost" for job in self.losses.jobs]
            self.violations += [
                f"{row.job}: what its handler committed is lost: {row.what} in {row.process}"
                for row in self.losses.rows
            ]
            self.violations += [
                f"{job}: ran, and its claim {token} is lost" for job, token in self.losses.attempts
            ]
        self.examine(history)
        self.violations += [*check_continuity(history), *check_unique(history)]
        self.unique = len(unique_jobs(history))
        self.resumed = resumptions(history, self.failovers, workers)
