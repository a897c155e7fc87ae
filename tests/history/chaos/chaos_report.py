"""The results of a chaos run, in addition to those of every run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from checker import is_refused
from controls import check_pauses
from delays import LIMIT as DELAY
from delays import delays
from history import History
from keys import check_keys, is_expired
from order import check_order
from rescues import LIMIT as UNRESCUED
from rescues import rescues
from run_report import RunReport


@dataclass
class Report(RunReport):
    """The results of a chaos run."""

    judged: int = 0
    slowest_rescue: str = "no killed worker held a job"
    rescues: int = 0
    looked_on: float = 0.0
    pauses: int = 0
    refused: int = 0
    results: int = 0
    renewals: int = 0
    keyed: int = 0
    expired: int = 0
    slowest: str = "none was late"
    disturbances: Counter[str] = field(default_factory=Counter)
    isolated: Sequence[str] = ()

    def __str__(self) -> str:
        disturbances = ", ".join(f"{n} × {kind}" for kind, n in sorted(self.disturbances.items()))
        lines = [
            f"seed {self.seed}: {self.figures}",
            f"order judged in {self.judged:,} claims, {self.pauses} pauses; {disturbances}",
            f"{self.keyed:,} jobs with a key, {self.expired:,} expired; "
            f"isolated: {', '.join(self.isolated)}",
            f"{self.refused:,} jobs were refused, {self.results:,} results stored, "
            f"{self.renewals:,} claims renewed; the slowest write: {self.slowest}",
            f"{self.rescues} rescues after kills, no worker looked on for longer than "
            f"{self.looked_on:.1f} s; the slowest: {self.slowest_rescue}",
            *self.shown_violations,
        ]
        return "\n".join(lines)

    def examine(self, history: History) -> None:
        """Add the violations that the checks of the history find."""
        super().examine(history)
        violations, self.judged = check_order(history)
        self.violations += [*check_pauses(history), *violations, *check_keys(history)]
        self.keyed = len({move.job for move in history.moves if move.key is not None})
        self.expired = sum(map(is_expired, history.moves))
        self.pauses = len(history.pauses)
        self.refused = len(history.refused) + sum(is_refused(move) for move in history.moves)
        self.renewals = sum(move.is_renewal for move in history.moves)
        self.results = len(history.results)
        if found := rescues(history):
            self.rescues = len(found)
            self.looked_on = max(each.looked_on for each in found).total_seconds()
            self.slowest_rescue = str(max(found, key=lambda each: each.after))
            self.violations += [str(each) for each in found if each.looked_on > UNRESCUED]
        late = [*delays(history, self.isolated)]
        self.slowest = str(max(late, key=lambda each: each.time, default=self.slowest))
        self.violations += [str(each) for each in late if each.time > DELAY]
