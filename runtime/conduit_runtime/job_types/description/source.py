"""The text of a block, from the source file beside the package."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...model.type_description import TypeSource
from ..job_type import JobType

_MOST = 20_000
"""Characters of a block that are kept."""
_QUOTES = "\"'"


class SourceFiles:
    """The source files of generated packages; each is read once."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}

    def source_of(self, job_type: JobType[Any, Any]) -> TypeSource | None:
        """The place of a job type's block; with its text if the source is there and still fits."""
        place = job_type.source
        if place is None:
            return None
        path, _, line = place.rpartition(":")
        if not line.isdecimal():
            return TypeSource(place)
        key = path, job_type.__module__.rpartition(".")[0]
        if key not in self._texts:
            self._texts[key] = _text(*key)
        return TypeSource(path, int(line), block(self._texts[key], int(line)))


def _text(path: str, package: str) -> str:
    """The text of a source file. It lies beside the configuration, as a rule above the package."""
    for folder in _folders(package):
        try:
            return (folder / path).read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            continue
    return ""


def _folders(package: str) -> Iterator[Path]:
    file = getattr(sys.modules.get(package), "__file__", None)
    if file is not None:
        yield from Path(file).absolute().parents
    yield Path()


def block(text: str, line: int) -> str:
    """The lines of the `@async` block that begins in this line; empty if none does."""
    lines = text.splitlines(keepends=True)[line - 1 :]
    start = lines[0].find("@async") if lines and line > 0 else -1
    if start < 0:
        return ""
    rest = "".join(lines)
    end = rest.find("\n", _end(rest, start))
    return rest[: end if end >= 0 else None].rstrip()[:_MOST]


def _end(text: str, at: int) -> int:
    """The position of the bracket that closes the block, or the end of the text."""
    closing: list[str] = []
    while at < len(text):
        letter = text[at]
        if letter in _QUOTES:
            at = _string_end(text, at)
        elif text.startswith("//", at):
            at = text.find("\n", at)
            if at < 0:
                break
        elif letter in "({[":
            closing.append({"(": ")", "{": "}", "[": "]"}[letter])
        elif closing and letter == closing[-1]:
            closing.pop()
            if letter == "}" and not closing:
                return at
        at += 1
    return len(text)


def _string_end(text: str, at: int) -> int:
    """The position of the quote that closes a string; `#{…}` in the string may hold more quotes."""
    quote, depth = text[at], 0
    while (at := at + 1) < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
        elif text.startswith("#{", at):
            depth += 1
            at += 1
        elif not depth:
            if letter == quote:
                return at
        elif letter in _QUOTES:
            at = _string_end(text, at)
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
    return at
