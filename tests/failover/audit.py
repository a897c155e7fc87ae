"""What a round showed, and the checks of its history."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from checker import check, ticks_of
from controls import check_limits, check_rates
from event_files import read_events
from flows import check_flows
from history import History
from resumptions import Failover, Resumption, resumptions
from timelines import Losses, check_continuity, separate
from unique_producer import check_unique, unique_jobs


@dataclass
class Round:
    """What a round showed."""

    mode: str
    way: str
    seed: int
    violations: list[str] = field(default_factory=list)
    failovers: list[Failover] = field(default_factory=list)
    resumed: list[Resumption] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    jobs: int = 0
    runs: int = 0
    repeats: int = 0
    ticks: int = 0
    flows: int = 0
    unique: int = 0
    migrations: str = ""
    application: str = ""
    settled_in: float = 0.0

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{self.mode} replication, through {self.way}, seed {self.seed}: "
                f"{len(self.failovers)} failovers, {self.jobs:,} jobs, {self.runs:,} runs, "
                f"{self.repeats:,} repeats, {self.ticks:,} ticks, {self.flows:,} jobs of flows, "
                f"{self.unique:,} unique ones, {self.migrations}, {self.application}, "
                f"settled in {self.settled_in:.1f} s",
                f"lost with the old leaders: {len(self.losses.jobs)} jobs with the rows of their "
                f"transactions, {len(self.losses.attempts)} attempts, "
                f"{len(self.losses.rows)} rows of handlers",
                *self.violations[:20],
                *[f"and {len(self.violations) - 20:,} more violations"]
                * (len(self.violations) > 20),
            )
        )


def audit(round_: Round, history: History, copies: Path, workers: Sequence[str]) -> None:
    """Check the history of a round, for which workers wrote `copies` of their events."""
    losses = round_.losses = separate(history, [*read_events(copies)])
    if round_.mode == "synchronous":
        round_.violations += [f"{job}: was confirmed, and is lost" for job in losses.jobs]
        round_.violations += [
            f"{row.job}: what its handler committed is lost: {row.what} in {row.process}"
            for row in losses.rows
        ]
        round_.violations += [
            f"{job}: ran, and its claim {token} is lost" for job, token in losses.attempts
        ]
    round_.violations += [
        *check(history),
        *check_continuity(history),
        *check_limits(history),
        *check_rates(history),
        *check_flows(history),
        *check_unique(history),
    ]
    jobs = history.by_job()
    began = [event for event in history.events if event.what == "began"]
    round_.jobs, round_.runs = len(jobs), len(began)
    round_.repeats = len(began) - len({event.job for event in began})
    round_.ticks = sum(map(len, ticks_of(jobs).values()))
    round_.flows = sum(1 for promise in history.promises.values() if promise.waits_for)
    round_.unique = len(unique_jobs(history))
    round_.resumed = resumptions(history, round_.failovers, workers)
