"""Masks sensitive values in texts."""

import json
import re
from collections.abc import Collection, Iterable, Iterator

MASK = "[sensitive]"
_SHORT = 4
"""Shorter values are masked only as whole words; otherwise a text would become unreadable."""


def secrets_of(job: object) -> Collection[str]:
    """The sensitive values that a job has read, as texts."""
    return getattr(job, "secrets", ())


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with `[sensitive]` instead of each of the values."""
    forms = {form for secret in secrets for form in _forms(secret)}
    if not forms:
        return text
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.sub("|".join(map(_pattern, longest_first)), MASK, text)


def _forms(secret: str) -> Iterator[str]:
    """The forms of a value in error texts: as it is, in quotes of Python, and in JSON."""
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return rf"(?<!\w){escaped}(?!\w)" if len(form) < _SHORT else escaped
