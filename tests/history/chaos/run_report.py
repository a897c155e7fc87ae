"""The figures and checks of every kind of run, whatever faults it has."""

from dataclasses import dataclass, field

from checker import check, ticks_of
from controls import check_limits, check_rates
from effects import check_effects
from flows import check_flows
from history import History

SHOWN = 20
"""How many violations a report shows."""


@dataclass
class RunReport:
    """The results of a run: its figures, and every violation of a guarantee."""

    seed: int
    violations: list[str] = field(default_factory=list)
    jobs: int = 0
    runs: int = 0
    repeats: int = 0
    ticks: int = 0
    flows: int = 0
    left_out: int = 0
    settled_in: float = 0.0

    def examine(self, history: History) -> None:
        """Add the figures, and the violations of what must hold in every run."""
        jobs = history.by_job()
        began = [event for event in history.events if event.what == "began"]
        self.jobs, self.runs = len(jobs), len(began)
        self.repeats = len(began) - len({event.job for event in began})
        self.ticks = sum(map(len, ticks_of(jobs).values()))
        self.flows = sum(1 for promise in history.promises.values() if promise.waits_for)
        violations, self.left_out = check_effects(history)
        self.violations += [
            *violations,
            *check(history),
            *check_limits(history),
            *check_rates(history),
            *check_flows(history),
        ]

    @property
    def figures(self) -> str:
        """The figures of every run, on one line."""
        return (
            f"{self.jobs:,} jobs, {self.runs:,} runs, {self.repeats:,} repeats, "
            f"{self.ticks:,} ticks, {self.flows:,} jobs waited for others, "
            f"{self.left_out:,} attempts began behind finished steps, "
            f"settled in {self.settled_in:.1f} s"
        )

    @property
    def shown_violations(self) -> list[str]:
        """The first violations, and the number of further ones."""
        more = len(self.violations) - SHOWN
        return [*self.violations[:SHOWN], *([f"and {more:,} more violations"] if more > 0 else [])]
