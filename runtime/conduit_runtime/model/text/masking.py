"""Masks sensitive values in texts."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

MASK = "[sensitive]"
_SHORT = 4
"""Shorter values are masked only as whole words; otherwise a text would become unreadable."""
_MOST_COMPARED = 20_000_000
"""The most characters that are compared in a text; if it needs more, all of it is masked."""


def secrets_of(job: object) -> Collection[str]:
    """The sensitive values that a job has read, as texts."""
    return getattr(job, "secrets", ())


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with `[sensitive]` instead of each of the values; of overlapping ones, once."""
    return masker(frozenset(secrets)).mask(text)


class Masker:
    """Masks these values in texts, in a time that is proportional to the length of each."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.texts = frozenset(secrets)
        """The values."""
        self._forms = {form for secret in self.texts if secret for form in _forms(secret)}
        sizes: dict[str, set[int]] = {}
        for form in self._forms:
            sizes.setdefault(form[:_SHORT], set()).add(len(form))
        self._sizes = {start: sorted(found, reverse=True) for start, found in sizes.items()}
        self._places = _places(self._sizes)

    def mask(self, text: str, most: int = _MOST_COMPARED) -> str:
        """The text with the values masked, as by `mask`; whole, if more than `most` is compared."""
        if self._places is None:
            return text
        parts: list[str] = []
        end = compared = 0
        for place in self._places.finditer(text):
            at = place.start()
            size = 0
            for length in self._sizes.get(text[at : at + _SHORT], ()):
                compared += length
                if length >= _SHORT and text[at : at + length] in self._forms:
                    size = length
                    break
            size = size or self._word(text, at)
            if compared > most:
                return MASK
            if size and at >= end:
                parts += text[end:at], MASK
            if size:
                end = max(end, at + size)
        return "".join([*parts, text[end:]])

    def _word(self, text: str, at: int) -> int:
        """The length of the longest short value that is a whole word here; otherwise 0."""
        if at and _is_of_word(text[at - 1]):
            return 0
        for size in range(_SHORT - 1, 0, -1):
            end = at + size
            is_whole = end >= len(text) or not _is_of_word(text[end])
            if is_whole and end <= len(text) and text[at:end] in self._forms:
                return size
        return 0


masker = lru_cache(maxsize=4)(Masker)
"""The masker of these values; the last ones are kept, since a job logs many lines."""


def _places(starts: Iterable[str]) -> re.Pattern[str] | None:
    """Finds where a value may begin: each next letter is one of those that values have there."""
    long = [start for start in starts if len(start) == _SHORT]
    short = [start for start in starts if len(start) < _SHORT]
    found = []
    if long:
        first, *others = (_any_of(letters) for letters in zip(*long, strict=True))
        found.append(f"{first}(?={''.join(others)})")
    if short:
        found.append(_any_of(start[0] for start in short) + r"(?<!\w[\s\S])")
    return re.compile("|".join(found)) if found else None


def _any_of(letters: Iterable[str]) -> str:
    return f"[{''.join(re.escape(letter) for letter in sorted({*letters}))}]"


def _is_of_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _forms(secret: str) -> Iterator[str]:
    """The forms of a value in error texts: as it is, in quotes of Python, and in JSON."""
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
