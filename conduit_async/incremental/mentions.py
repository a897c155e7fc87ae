"""Which sources a source names, found in the texts alone."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from ..hints.name_typos import likely_name
from .output import words

_RESOURCE = re.compile(r"^\s*resource\s+([A-Z]\w*)", re.MULTILINE)


class Mentions:
    """The sources of a project, given as paths and texts, and the resources that they declare."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def near(self, path: str, *texts: str) -> dict[str, str]:
        """A source, and those that declare a resource which it or one of some texts names."""
        return self._picked({path, *self._named(self._sources[path], *texts)})

    def needed(self, path: str) -> dict[str, str]:
        """A source, and all that it names or may mean, directly or indirectly."""
        found: set[str] = set()
        pending = [path]
        while pending:
            each = pending.pop()
            if each not in found:
                found.add(each)
                pending += self._named(self._sources[each])
                if each == path:
                    pending += self._meant(self._sources[each])
        return self._picked(found)

    def _picked(self, paths: Iterable[str]) -> dict[str, str]:
        return {path: self._sources[path] for path in sorted(paths)}

    def _named(self, *texts: str) -> set[str]:
        return {
            path for text in texts for name in words(text) for path in self._places.get(name, ())
        }

    def _meant(self, text: str) -> set[str]:
        """The sources of the resources of which a text holds a misspelt name."""
        unknown = {name for name in words(text) if name[0].isupper()} - self._places.keys()
        found = (likely_name(name, self._places) for name in unknown)
        return {path for name in found if name is not None for path in self._places[name]}

    @cached_property
    def _places(self) -> dict[str, list[str]]:
        """The sources of each resource."""
        places: dict[str, list[str]] = {}
        for path, text in self._sources.items():
            for name in _RESOURCE.findall(text):
                places.setdefault(name, []).append(path)
        return places
