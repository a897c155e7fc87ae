"""How soon each worker continued after a promotion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from history import History
from promotions import Promotion

LIMIT = 5.0
"""Seconds within which a worker must continue after a promotion."""


@dataclass(frozen=True)
class Failover:
    """A fault, when it began, and the promotion that ended it."""

    mode: str
    way: str
    kind: str
    began: datetime
    promotion: Promotion
    healed: datetime

    @property
    def outage(self) -> timedelta:
        """The time from the fault to the promotion, which Patroni needs."""
        return self.promotion.at - self.began


@dataclass(frozen=True)
class Resumption:
    """The seconds from a promotion to the first claim of a worker."""

    failover: Failover
    worker: str
    seconds: float


def resumptions(
    history: History, failovers: Iterable[Failover], workers: Sequence[str]
) -> list[Resumption]:
    """The resumption of each worker after each failover.

    It is infinite if the worker did not claim before the cluster was healed.
    """
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
    """A table with a line for each kind of fault, mode and way."""
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
