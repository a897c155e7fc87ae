"""What a compilation gives, with a summary of each source for the next one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from ..diagnostics import Diagnostic
from ..link.services import Calls
from ..lock.text import LOCK_FILE
from ..package import EmittedSource
from ..program import Upcasters


@dataclass(frozen=True)
class SourceSummary:
    """What one source shows to other sources, and what it takes from them.

    `text` is a digest of the source, `declared` of what others may see of it. `events` are those
    of its hooks, `columns` those of each resource, `attributes` the fields whose names could be
    those of classes, `classes` the names that its classes have, and would have if they gave way to
    none. `reached` are the other sources whose code its modules hold. `mentions` are the resources
    of the program that its text names, `uses` those that were looked up by its code, or by code of
    others that it reaches; `services` is how it calls them.
    """

    text: str
    declared: str
    events: list[str]
    columns: dict[str, list[str]]
    attributes: list[str]
    classes: list[str]
    reached: list[str]
    mentions: list[str]
    uses: list[str]
    services: Calls


@dataclass(frozen=True)
class Output:
    """What a compilation gives; there are no files when a diagnostic is an error.

    `linked` are the files that bind the modules of all sources together. `summaries` and `emitted`
    are what each source gave: the next compilation may use it again. `upcasters` are those that the
    application wrote by hand. All of it can be stored as JSON.
    """

    diagnostics: tuple[Diagnostic, ...]
    linked: Mapping[str, str] = field(default_factory=dict)
    summaries: Mapping[str, SourceSummary] = field(default_factory=dict, repr=False)
    emitted: Mapping[str, EmittedSource] = field(default_factory=dict, repr=False)
    upcasters: Upcasters = frozenset()

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The files of the package, by path."""
        modules = [module for each in self.emitted.values() for module in each.modules]
        own = {f"{module.facts.name}.py": module.text for module in modules}
        return dict(sorted({**self.linked, **own}.items()))

    @property
    def modules(self) -> Mapping[str, str]:
        """The files that are Python, by path."""
        return {path: text for path, text in self.files.items() if path != LOCK_FILE}

    @property
    def lock(self) -> str | None:
        """The package's `jobs.lock`."""
        return self.linked.get(LOCK_FILE)

    @property
    def job_types(self) -> int:
        """How many job types the package has."""
        return sum(len(m.facts.jobs) for each in self.emitted.values() for m in each.modules)

    def is_of(self, sources: Mapping[str, str]) -> bool:
        """Whether it is what these very sources give."""
        return sources.keys() == self.summaries.keys() and all(
            self.summaries[path].text == digest(text) for path, text in sources.items()
        )


def words(text: str) -> set[str]:
    """All names in a text."""
    return set(re.findall(r"[^\W\d]\w*", text))


def digest(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
