"""What changed since the last compilation, and which sources the change affects."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..check.queries.writes import WRITES
from ..hints.name_typos import likely_name
from .mentions import words
from .output import Output, SourceSummary, digest


@dataclass(frozen=True)
class SourceChanges:
    """The present sources, and the output of the previous compilation."""

    sources: Mapping[str, str]
    previous: Output

    @property
    def before(self) -> Mapping[str, SourceSummary]:
        """The previous summaries of the sources."""
        return self.previous.summaries

    @cached_property
    def removed(self) -> set[str]:
        """The sources that were removed."""
        return self.before.keys() - self.sources.keys()

    @cached_property
    def changed(self) -> set[str]:
        """The sources that are new or have another text."""
        return {
            path
            for path, text in self.sources.items()
            if path not in self.before or self.before[path].text != digest(text)
        }

    def kept(self, dirty: Collection[str]) -> dict[str, SourceSummary]:
        """Return the previous summaries, without removed sources and those to compile again."""
        left_out = self.removed.union(dirty)
        return {path: each for path, each in self.before.items() if path not in left_out}

    def needed(self, dirty: Collection[str], places: Mapping[str, str]) -> set[str]:
        """Return these sources, and directly or indirectly all that they mention or may mean.

        `places` is the source of each resource.
        """
        needed: set[str] = set()
        pending = [*dirty]
        while pending:
            path = pending.pop()
            if path in needed:
                continue
            needed.add(path)
            is_new = path in dirty
            named = (
                self._possible_mentions(path, places, places)
                if is_new
                else self.before[path].mentions
            )
            pending += [places[name] for name in named if name in places]
        return needed

    def affected(self, new: Mapping[str, SourceSummary], places: Collection[str]) -> set[str]:
        """Return further sources that a change in these, or in removed ones, affects.

        They use a changed declaration, or their names may clash. `places` has the resources.
        """
        touched = {*new, *self.removed}
        before = {path: each for path, each in self.before.items() if path in touched}
        resources = _names(before.values(), columns=True) ^ _names(new.values(), columns=True)
        classes = _names(before.values()) ^ _names(new.values())
        moved, heard = set(resources), set[str]()
        for path in before.keys() & new.keys():
            if before[path].declared != new[path].declared:
                moved |= before[path].columns.keys()
            if before[path].events != new[path].events:
                heard |= before[path].columns.keys()
        warned = self.previous.diagnostics if resources else ()
        found = {diagnostic.span.source.path for diagnostic in warned}
        changed = self.changed | self.removed
        for diagnostic in self.previous.diagnostics:
            related = {each.span.source.path for each in diagnostic.related}
            if not related.isdisjoint(changed):
                found.add(diagnostic.span.source.path)
        for path in self.before.keys() - touched:
            uses, text = self.before[path].uses, self.sources[path]
            modules = self.previous.emitted[path].modules
            if (
                not moved.isdisjoint(uses)
                or not changed.isdisjoint(self.before[path].reached)
                # their warnings say that a write runs no hooks
                or (not heard.isdisjoint(uses) and any(operation in text for operation in WRITES))
                or (resources and self._possible_mentions(path, resources, places))
                or any(name in module.text for module in modules for name in classes)
            ):
                found.add(path)
        return found & self.before.keys() - touched

    def _possible_mentions(
        self, path: str, names: Iterable[str], places: Collection[str]
    ) -> set[str]:
        """Return the resource names that a source contains, exactly or nearly (a typo)."""
        named = words(self.sources[path])
        others = [word for word in named if word[0].isupper() and word not in places]
        near = {(word[0], len(word) + more) for word in others for more in (-1, 0, 1)}
        return named.intersection(names) | {
            name
            for name in names
            if (name[0], len(name)) in near and any(likely_name(word, [name]) for word in others)
        }


def _names(summaries: Iterable[SourceSummary], *, columns: bool = False) -> set[str]:
    return {
        name
        for each in summaries
        for name in (each.columns if columns else (*each.classes, *each.attributes))
    }
