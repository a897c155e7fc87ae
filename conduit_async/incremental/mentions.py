"""Which sources a source names, found in the texts alone."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from ..hints.name_typos import likely_name
from ..suggest import nearest

_RESOURCE = re.compile(r"^\s*resource\s+([A-Z]\w*)", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*")
_SNAPSHOT = "snapshot"


class Mentions:
    """The sources of a project, given as paths and texts, and the resources that they declare."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources

    def near(self, path: str, *texts: str) -> dict[str, str]:
        """A source, and those that declare a resource which it or one of some texts names."""
        paths = {path}.union(*map(self.named, (self.sources[path], *texts)))
        return {each: self.sources[each] for each in sorted(paths)}

    def named(self, text: str) -> set[str]:
        """The sources of the resources that a text names."""
        return self.declaring(words(text))

    def declaring(self, names: Iterable[str]) -> set[str]:
        """The sources of some resources."""
        return {path for name in names for path in self._places.get(name, ())}

    def meant(self, text: str) -> set[str]:
        """The sources of the resources of which a text holds a misspelt name."""
        unknown = {name for name in words(text) if name[0].isupper()} - self._places.keys()
        found = (likely_name(name, self._places) for name in unknown)
        return self.declaring(name for name in found if name is not None)

    def nearest(self, names: Iterable[str]) -> set[str]:
        """The sources of the resources that a hint may tell in place of names."""
        unknown = set(names) - self._places.keys()
        found = (nearest(name, self._places) for name in unknown)
        return self.declaring(name for name in found if name is not None)

    def clashing(self, path: str) -> set[str]:
        """The sources with resources that may have a class or a module of one of a source's."""
        folded = {_folded(name) for name in _RESOURCE.findall(self.sources[path])}
        folded |= {name.removesuffix(_SNAPSHOT) for name in folded}
        folded |= {f"{name}{_SNAPSHOT}" for name in folded}
        return self.declaring(name for name in self._places if _folded(name) in folded)

    def alike(self, names: Iterable[str]) -> set[str]:
        """The sources of the resources that some names are, in whichever case."""
        folded = set(map(_folded, names))
        return self.declaring(name for name in self._places if _folded(name) in folded)

    @cached_property
    def _places(self) -> dict[str, list[str]]:
        """The sources of each resource."""
        places: dict[str, list[str]] = {}
        for path, text in self.sources.items():
            for name in _RESOURCE.findall(text):
                places.setdefault(name, []).append(path)
        return places


def words(text: str) -> set[str]:
    """Return all names in a text."""
    return set(_WORD.findall(text))


def _folded(name: str) -> str:
    return name.replace("_", "").lower()
