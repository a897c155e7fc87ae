"""What is kept between runs, so that what has not changed costs next to nothing.

It stands in the user's cache folder, beside the parser's table, and not in the project: nobody has
to ignore it, and a read-only checkout gets it as well. There is one memory a target folder, written
atomically, so that of two runs at once one is remembered. What is damaged, or was left by another
version of the compiler, is as good as nothing. Deleting it costs one full run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from .. import assets
from ..diagnostics import Diagnostic, Related
from ..output import Output
from ..source import Source, Span
from .project import Project


@dataclass(frozen=True)
class Memory:
    """The memory of one target folder: of its latest run."""

    folder: Path
    project: Project

    def output(self) -> Output | None:
        """What compiling gives, if the folder holds it already and nothing has changed."""
        run = self._load("run")
        try:
            if run is None or run["inputs"] != self._inputs():
                return None
            diagnostics = tuple(map(self._diagnostic, run["diagnostics"]))
            files = _matching(self.folder, run["files"])
            return None if files is None else Output(files, diagnostics, run["job_types"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def keep(self, output: Output) -> None:
        """Remember what a compilation without errors gave."""
        run = {
            "inputs": self._inputs(),
            "files": {name: _digest(text.encode()) for name, text in output.files.items()},
            "diagnostics": [_as_json(diagnostic) for diagnostic in output.diagnostics],
            "job_types": output.job_types,
        }
        self._store("run", run)

    def _inputs(self) -> str:
        """A digest of all that the outcome depends on beside the compiler."""
        config = asdict(replace(self.project.config, origin=None))
        origin = self.project.config.origin
        inputs = [config, origin.text if origin else None, sorted(self.project.sources.items())]
        return _digest(json.dumps(inputs).encode())

    def _key(self, what: str) -> str:
        return f"{what}-{_digest(str(self.folder.resolve()).encode())[:32]}.json"

    def _load(self, what: str) -> dict[str, Any] | None:
        text = assets.load_cached(self._key(what))
        try:
            generator, found = json.loads(text) if text is not None else (None, None)
        except (ValueError, TypeError, RecursionError):
            return None
        return found if generator == assets.stamp() and isinstance(found, dict) else None

    def _store(self, what: str, value: dict[str, Any]) -> None:
        text = json.dumps([assets.stamp(), value], separators=(",", ":"))
        assets.store_cached(self._key(what), text)

    def _diagnostic(self, data: dict[str, Any]) -> Diagnostic:
        related = tuple(Related(self._span(at), message) for at, message in data.pop("related"))
        return Diagnostic(span=self._span(data.pop("span")), related=related, **data)

    def _span(self, data: list[Any]) -> Span:
        path, start, end = data
        origin = self.project.config.origin
        is_origin = origin is not None and path == origin.path and path not in self.project.sources
        source = origin if is_origin else Source(path, self.project.sources[path])
        assert source is not None
        return Span(source, start, end)


def _matching(folder: Path, digests: Mapping[str, str]) -> dict[str, str] | None:
    """The files of a folder if they are those, byte by byte."""
    files = {}
    for name, digest in digests.items():
        try:
            data = (folder / name).read_bytes()
        except OSError:
            return None
        if _digest(data) != digest:
            return None
        files[name] = data.decode()
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


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
