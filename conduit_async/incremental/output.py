"""What a compilation gives, and what it tells on its way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..diagnostics import Diagnostic
from .summary import SourceSummary, digest


@dataclass(frozen=True)
class Output:
    """What a compilation gives.

    `files` are the package's by path; there are none when a diagnostic is an error. `summaries`
    are for the next compilation; there are none when it has to compile all sources.
    """

    files: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    job_types: int = 0
    summaries: Mapping[str, SourceSummary] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Previous:
    """A compilation without errors: its summaries, its files and its diagnostics."""

    summaries: Mapping[str, SourceSummary]
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]

    def output(self, sources: Mapping[str, str]) -> Output | None:
        """What it gave, if it was of these very sources."""
        if sources.keys() != self.summaries.keys():
            return None
        if any(self.summaries[path].text != digest(text) for path, text in sources.items()):
            return None
        jobs = sum(len(module.jobs) for each in self.summaries.values() for module in each.modules)
        return Output(dict(self.files), self.diagnostics, jobs, self.summaries)


Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told what is going on, and how much of it is done and will have been done."""
