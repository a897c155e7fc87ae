"""What a compilation gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..diagnostics import Diagnostic
from ..package import EmittedSource
from .summary import SourceSummary, digest


@dataclass(frozen=True)
class Output:
    """What a compilation gives.

    `files` are the package's by path; there are none when a diagnostic is an error. `summaries`
    and `emitted` are what each source gave to them: the next compilation may use it again.
    """

    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]
    summaries: Mapping[str, SourceSummary] = field(default_factory=dict, repr=False)
    emitted: Mapping[str, EmittedSource] = field(default_factory=dict, repr=False)

    @property
    def job_types(self) -> int:
        """How many job types the package has."""
        return sum(len(m.jobs) for each in self.emitted.values() for m in each.modules)

    def is_of(self, sources: Mapping[str, str]) -> bool:
        """Whether it is what these very sources give."""
        return sources.keys() == self.summaries.keys() and all(
            self.summaries[path].text == digest(text) for path, text in sources.items()
        )
