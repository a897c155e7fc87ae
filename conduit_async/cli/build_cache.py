"""What is kept between runs, so that what has not changed costs next to nothing.

It is in the user's cache folder, beside the parser's table. So the project needs no entry to ignore
it, and a read-only checkout gets it as well. There is one file for each target folder, written
atomically. A damaged one, or one by another version of the compiler, is ignored. Deleting it costs
a cold run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import ValidationError

from .. import assets
from ..diagnostics import Diagnostic, Related
from ..incremental.output import Output
from ..incremental.stored import as_json, from_json
from ..incremental.summary import digest
from ..source import Source, Span
from .project import Project


@dataclass(frozen=True)
class BuildCache:
    """What is kept of the latest run into a target folder."""

    folder: Path
    project: Project

    def load(self) -> Output | None:
        """The latest run, if its configuration was this one and the folder holds what it wrote."""
        run = self._load()
        try:
            if run is None or run["settings"] != self._settings():
                return None
            files = _matching(self.folder, run["files"])
            if files is None:
                return None
            sources = {path: Source(path, text) for path, text in self.project.sources.items()}
            if (origin := self.project.config.origin) is not None:
                sources.setdefault(origin.path, origin)
            diagnostics = tuple(_diagnostic(each, sources) for each in run["diagnostics"])
            return from_json(run["output"], files, diagnostics)
        except (KeyError, TypeError, ValueError, AttributeError, ValidationError):
            return None

    def store(self, output: Output) -> None:
        """Keep what a compilation without errors gave."""
        run = {
            "settings": self._settings(),
            "files": {name: digest(text) for name, text in output.files.items()},
            "diagnostics": [_as_json(diagnostic) for diagnostic in output.diagnostics],
            "output": as_json(output),
        }
        text = json.dumps([assets.stamp(), run], separators=(",", ":"))
        assets.store_cached(self._key(), text)

    def _settings(self) -> str:
        """A digest of all that the outcome depends on beside the compiler and the sources."""
        config = asdict(replace(self.project.config, origin=None))
        origin = self.project.config.origin
        return digest(json.dumps([config, origin.text if origin else None]))

    def _key(self) -> str:
        return f"run-{digest(str(self.folder.resolve()))[:32]}.json"

    def _load(self) -> dict[str, Any] | None:
        text = assets.load_cached(self._key())
        try:
            generator, found = json.loads(text) if text is not None else (None, None)
        except (ValueError, TypeError, RecursionError):
            return None
        return found if generator == assets.stamp() and isinstance(found, dict) else None


def _matching(folder: Path, digests: Mapping[str, str]) -> dict[str, str] | None:
    """The files of a folder if they are those, byte by byte."""
    files = {}
    for name, expected in digests.items():
        try:
            text = (folder / name).read_bytes().decode()
        except (OSError, ValueError):
            return None
        if digest(text) != expected:
            return None
        files[name] = text
    return files


def _as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "span": _place(diagnostic.span),
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "severity": diagnostic.severity,
        "related": [(_place(related.span), related.message) for related in diagnostic.related],
    }


def _place(span: Span) -> tuple[str, int, int]:
    return span.source.path, span.start, span.end


def _diagnostic(data: dict[str, Any], sources: Mapping[str, Source]) -> Diagnostic:
    def span(place: list[Any]) -> Span:
        path, start, end = place
        return Span(sources.get(path) or Source(path, ""), start, end)  # it may be gone

    related = tuple(Related(span(at), message) for at, message in data.pop("related"))
    return Diagnostic(span=span(data.pop("span")), related=related, **data)
