"""What a chaos run showed: its figures, and every violation of a guarantee."""

from collections import Counter
from dataclasses import dataclass, field

from checker import check, is_refused, ticks_of
from controls import check_limits, check_pauses, check_rates
from delays import LIMIT as DELAY
from delays import delays
from flows import check_flows
from history import History
from order import check_order
from rescues import LIMIT as LOOKING_ON
from rescues import rescues


@dataclass
class Report:
    """What a run showed."""

    seed: int
    violations: list[str] = field(default_factory=list)
    jobs: int = 0
    runs: int = 0
    repeats: int = 0
    judged: int = 0
    ticks: int = 0
    settled_in: float = 0.0
    slowest_rescue: str = "nobody who was killed held a job"
    rescues: int = 0
    looked_on: float = 0.0
    pauses: int = 0
    flows: int = 0
    refused: int = 0
    results: int = 0
    renewals: int = 0
    slowest: str = "none was late"
    disturbances: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        disturbances = ", ".join(f"{n} × {kind}" for kind, n in sorted(self.disturbances.items()))
        lines = [
            f"seed {self.seed}: {self.jobs:,} jobs, {self.runs:,} runs, {self.repeats:,} repeats, "
            f"order judged in {self.judged:,} claims, {self.ticks:,} ticks, "
            f"settled in {self.settled_in:.1f} s, "
            f"{self.pauses} pauses; {disturbances}",
            f"{self.flows:,} jobs waited for others, {self.refused:,} were refused, "
            f"{self.results:,} results kept, {self.renewals:,} "
            f"claims renewed; the slowest write: {self.slowest}",
            f"{self.rescues} rescues after kills, nobody looked on for longer than "
            f"{self.looked_on:.1f} s; the slowest: {self.slowest_rescue}",
            *self.violations[:20],
        ]
        if len(self.violations) > 20:
            lines.append(f"and {len(self.violations) - 20:,} more violations")
        return "\n".join(lines)


def examine(history: History, report: Report) -> Report:
    """Add what the checks of the history find."""
    violations, report.judged = check_order(history)
    report.violations += [
        *check(history),
        *check_pauses(history),
        *check_limits(history),
        *check_rates(history),
        *check_flows(history),
        *violations,
    ]
    report.jobs = len(history.by_job())
    report.ticks = sum(map(len, ticks_of(history.by_job()).values()))
    report.pauses = len(history.pauses)
    report.flows = sum(1 for promise in history.promises.values() if promise.waits_for)
    report.refused = len(history.refused) + sum(is_refused(move) for move in history.moves)
    report.renewals = sum(move.is_renewal for move in history.moves)
    report.results = len(history.results)
    if found := rescues(history):
        report.rescues = len(found)
        report.looked_on = max(each.looked_on for each in found).total_seconds()
        report.slowest_rescue = str(max(found, key=lambda each: each.after))
        report.violations += [str(each) for each in found if each.looked_on > LOOKING_ON]
    late = [*delays(history)]
    report.slowest = str(max(late, key=lambda each: each.time, default=report.slowest))
    report.violations += [str(each) for each in late if each.time > DELAY]
    began = [event for event in history.events if event.what == "began"]
    report.runs = len(began)
    report.repeats = len(began) - len({event.job for event in began})
    return report
