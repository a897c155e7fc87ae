"""How soon each worker went on after a promotion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from history import History
from promotions import Promotion

LIMIT = 5.0
"""Seconds within which a worker goes on after a promotion."""


@dataclass(frozen=True)
class Failover:
    """A fault that began at a time, and the promotion that ended it."""

    mode: str
    way: str
    kind: str
    began: datetime
    promotion: Promotion
    healed: datetime

    @property
    def outage(self) -> timedelta:
        """From the fault to the promotion: what Patroni takes."""
        return self.promotion.at - self.began


@dataclass(frozen=True)
class Resumption:
    """A worker claimed so many seconds after a promotion."""

    failover: Failover
    worker: str
    seconds: float


def resumptions(
    history: History, failovers: Iterable[Failover], workers: Sequence[str]
) -> list[Resumption]:
    """Of each worker after each failover; infinite where it did not claim before it was healed."""
    found = []
    claims = sorted((move.asked_at, move.process) for move in history.moves if move.is_claim)
    for failover in failovers:
        for worker in workers:
            first = next(
                (
                    at
                    for at, process in claims
                    if process == worker and failover.promotion.at < at <= failover.healed
                ),
                None,
            )
            after = None if first is None else first - failover.promotion.at
            seconds = float("inf") if after is None else after.total_seconds()
            found.append(Resumption(failover, worker, seconds))
    return found


def table(resumed: Sequence[Resumption]) -> str:
    """A line for each kind of fault, mode and way."""
    groups: dict[tuple[str, str, str], list[Resumption]] = {}
    for each in resumed:
        key = (each.failover.mode, each.failover.way, each.failover.kind)
        groups.setdefault(key, []).append(each)
    lines = [
        "| replication | way | fault | times | until a server could write | until workers went on: "
        "shortest | median | longest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for key, members in sorted(groups.items()):
        failovers = {each.failover.began: each.failover for each in members}.values()
        outage = median(each.outage.total_seconds() for each in failovers)
        seconds = [each.seconds for each in members]
        lines.append(
            f"| {' | '.join(key)} | {len(failovers)} | {outage:.1f} s | "
            f"{min(seconds):.2f} s | {median(seconds):.2f} s | {max(seconds):.2f} s |"
        )
    return "\n".join(lines)
