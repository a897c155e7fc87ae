"""A stored traceback as frames, so that the application's frames stand out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_FRAME = re.compile(
    r'(?P<margin>[ |+]*?)  File "(?P<path>.*)", line (?P<line>\d{1,9}), in (?P<name>.+)'
)
_MARKS = re.compile(r"[ |]*[\^~]+")
_LIBRARY = re.compile(
    r"[/\\](?:site-packages|dist-packages|lib[/\\]python3[.\d]*)[/\\]|^<frozen "
    r"|[/\\]conduit_runtime[/\\](?!demo[/\\])"
)
_HEAD = "Traceback (most recent call last):"
_REPEATED = re.compile(r" *\[Previous line repeated \d+ more times?\]")
_MOST = 250_000
"""The most characters of a traceback that are read; workers store fewer."""
_LONGEST = 300
"""The most characters of a path, a name or a line of code that a frame shows."""


@dataclass(slots=True)
class Frame:
    """A call: its place, and its line of code if the file was there."""

    path: str
    line: int
    name: str
    code: str = ""

    @property
    def is_library(self) -> bool:
        """Whether the call is in an installed package, in our runtime or in Python itself."""
        return _LIBRARY.search(self.path) is not None


@dataclass(slots=True)
class Part:
    """Consecutive frames, all of libraries or all of the application; or lines of text."""

    kind: str
    """`frames`, `library` or `text`."""
    frames: list[Frame] = field(default_factory=list)
    text: str = ""


def parts_of(traceback: str, error: str | None = None) -> Sequence[Part]:
    """The parts of a traceback in order; any other text is one part.

    The lines that announce a traceback, and the `error` itself at the end, are left out.
    """
    parts: list[Part] = []
    margin = 0
    frame: Frame | None = None
    for line in traceback[:_MOST].splitlines():
        if (found := _FRAME.fullmatch(line)) is not None:
            margin = len(found["margin"])
            frame = Frame(_cut(found["path"]), int(found["line"]), _cut(found["name"]))
            _add(parts, frame)
        elif frame is not None and line[margin : margin + 4] == "    ":
            if not frame.code and _MARKS.fullmatch(line[margin:]) is None:
                frame.code = _cut(line[margin:].strip())
        elif frame is None or _REPEATED.fullmatch(line) is None:
            frame = None
            if line != _HEAD:
                _add_text(parts, line)
    if parts and parts[-1].text == error:
        parts.pop()
    return [part for part in parts if part.frames or part.text.strip()]


def _add(parts: list[Part], frame: Frame) -> None:
    kind = "library" if frame.is_library else "frames"
    if not parts or parts[-1].kind != kind:
        parts.append(Part(kind))
    parts[-1].frames.append(frame)


def _add_text(parts: list[Part], line: str) -> None:
    if parts and parts[-1].kind == "text":
        parts[-1].text += f"\n{line}"
    else:
        parts.append(Part("text", text=line))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
