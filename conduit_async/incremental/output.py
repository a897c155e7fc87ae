"""The output of a compilation, with a summary of each source for the next compilation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from ..diagnostics import Diagnostic
from ..link.services import ServiceCalls
from ..lock.text import LOCK_FILE
from ..package import EmittedSource
from ..program import Upcasters


@dataclass(frozen=True)
class SourceSummary:
    """What one source declares for other sources, and what it uses of them.

    `text` is a digest of the source, `declared` a digest of the declarations that others may use.
    `events` are the events of its hooks, `columns` the columns of each resource. `attributes` are
    the fields whose names could be class names. `classes` are the names of its classes, also the
    names before a clash was resolved. `reached` are the other sources whose code its modules hold.
    `mentions` are the resources of the program that its text names. `uses` are the resources that
    its code, or code that it reaches, looked up. `services` are its calls of services.
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
    services: ServiceCalls


@dataclass(frozen=True)
class Output:
    """The output of a compilation; it has no files if a diagnostic is an error.

    `linked` are the files that bind the modules of all sources together. `summaries` and `emitted`
    are the output of each source, which the next compilation may reuse. `upcasters` are those that
    the application wrote by hand. All of it can be stored as JSON.
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
        """The number of job types in the package."""
        return sum(len(m.facts.jobs) for each in self.emitted.values() for m in each.modules)

    def is_of(self, sources: Mapping[str, str]) -> bool:
        """Whether exactly these sources produced this output."""
        return sources.keys() == self.summaries.keys() and all(
            self.summaries[path].text == digest(text) for path, text in sources.items()
        )


def digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
