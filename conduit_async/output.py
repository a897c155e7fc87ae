"""What a compilation gives, and what it tells on its way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .diagnostics import Diagnostic
from .parts import Part, digest


@dataclass(slots=True)
class Layouts:
    """How black lays texts out: what is known from before, and what was used of it or found."""

    known: Mapping[str, str]
    used: dict[str, str] = field(default_factory=dict)

    def find(self, text: str) -> str | None:
        """The layout of a text, if it is known."""
        if text not in self.used:
            found = self.known.get(text)
            if found is None:
                return None
            self.used[text] = found
        return self.used[text]

    @property
    def all(self) -> dict[str, str]:
        """All that is known now."""
        return {**self.known, **self.used}


@dataclass(frozen=True)
class Output:
    """What a compilation gives.

    `files` are the package's by path; there are none when a diagnostic is an error. `parts` are
    what each source gave to them, and `layouts` statements as they were written and as black laid
    them out: both are for the next compilation.
    """

    files: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    job_types: int = 0
    parts: Mapping[str, Part] = field(default_factory=dict, repr=False)
    layouts: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Previous:
    """A compilation without errors: its parts, its files and its diagnostics."""

    parts: Mapping[str, Part]
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]

    def output(self, sources: Mapping[str, str]) -> Output | None:
        """What it gave, if it was of these very sources."""
        if sources.keys() != self.parts.keys():
            return None
        if any(self.parts[path].text != digest(text) for path, text in sources.items()):
            return None
        jobs = sum(len(module.jobs) for part in self.parts.values() for module in part.modules)
        return Output(dict(self.files), self.diagnostics, jobs, self.parts)


Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told what is going on, and how much of it is done and will have been done."""
