"""Fills the sources in `names` with hostile names and texts.

A line with one of `MARKS` is repeated for each word of the mark. Those are the words of
`words.txt`, or also the words that the language reserves, or only the words without a clash there.
A line with `TEXT` and `INDEX` is repeated for each line of `texts.txt`, one with `PLAIN` for each
printable one.
"""

import keyword
import re
from collections.abc import Iterable
from pathlib import Path

from conduit_runtime import stdlib

FOLDER = Path(__file__).parent / "names"
_ESCAPE = re.compile(r"\\u\{(\w+)\}|\\(.)")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t"}
_SENT = re.compile(r'\b\w+\.\w+[?!]?\("([^"]*)", "([^"]*)", ')


def _lines(name: str) -> list[str]:
    return (FOLDER / name).read_text("utf-8").splitlines()


def _character(code: str | None, escaped: str) -> str:
    return chr(int(code, 16)) if code else _SIMPLE.get(escaped, escaped)


WORDS = [word for line in _lines("words.txt") for word in line.split()]
EVERY = [*WORDS, *(word for line in _lines("reserved.txt") for word in line.split())]
CAPITALS = sorted(
    {word.lower(): word[0].upper() + word[1:] for word in WORDS if word[0].isalpha()}.values()
)
SERVICES = [word for word in CAPITALS if word not in stdlib.__all__]
OURS = {"JOBS", "SERVICES", "Services"}
"""Resources whose module the package needs for itself, or whose table belongs to the queue."""
RESOURCES = [
    word
    for word in SERVICES
    if (word in WORDS or keyword.iskeyword(word.lower())) and word not in OURS
]
LOWER_CASE = sorted(
    {word for word in WORDS if word.islower() and word.isalpha()}
    - {"date", "float", "int", "job", "list", "records", "resource", "services", "text"}
)
"""Resources whose class has the name of a builtin, or of a variable in generated code."""
METHODS = list({word.lower(): word for word in WORDS}.values())
MARKS = {
    "NAME": WORDS,
    "EVERY": EVERY,
    "CAPITAL": SERVICES,
    "METHOD": METHODS,
    "ARGUMENT": [word for word in EVERY if word != "self_"],
    "CALLED": [word for word in WORDS if word != "previous_value"],
}
TEXTS = _lines("texts.txt")
VALUES = [_ESCAPE.sub(lambda m: _character(m[1], m[2]), text) for text in TEXTS]


def filled(name: str) -> str:
    """A source whose lines are repeated for the names and texts."""
    return "\n".join(line for template in _lines(name) for line in _filled(template))


def resources(names: Iterable[str] = RESOURCES) -> dict[str, str]:
    """A source for each resource of a hostile name."""
    text = (FOLDER / "resources.conduit").read_text("utf-8")
    return {f"{name}.conduit": text.replace("CAPITAL", name) for name in names}


def _filled(line: str) -> list[str]:
    for mark, names in MARKS.items():
        if mark in line:
            return [line.replace(mark, name) for name in names]
    if "PLAIN" in line:
        return [
            line.replace("PLAIN", text).replace("INDEX", str(index))
            for index, text in enumerate(TEXTS)
            if VALUES[index].isprintable()
        ]
    if "TEXT" in line or "INDEX" in line:
        return [
            line.replace("TEXT", text).replace("INDEX", str(index))
            for index, text in enumerate(TEXTS)
        ]
    return [line]


def positions(source: str) -> set[tuple[str, str]]:
    """What a source sends to services: the position, and which name or text it is."""
    return {(position, name) for position, name in _SENT.findall(source)}
