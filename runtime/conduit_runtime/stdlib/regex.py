"""`Regex`."""

import re
from typing import Annotated

from ._namespace import ArgumentError, namespace, properties


@namespace
class Regex:
    """Functions of regular expressions, which follow Python's `re`."""

    @staticmethod
    @properties("method")
    def match(text: str, pattern: str | re.Pattern[str]) -> list[str]:
        """Every occurrence of the pattern."""
        return [found.group() for found in _compiled("Regex.match", pattern).finditer(text)]

    @staticmethod
    def replace(text: str, pattern: str | re.Pattern[str], replacement: str) -> str:
        r"""The text with every occurrence replaced; `\1` is the first group."""
        compiled = _compiled("Regex.replace", pattern)
        try:
            return compiled.sub(replacement, text)
        except (re.error, IndexError) as error:
            raise ArgumentError(f"Regex.replace: bad replacement: {error}") from None

    @staticmethod
    @properties("method", "never_raises")
    def test(
        text: Annotated[object | None, "string?"],
        pattern: Annotated[object | None, "(string or regex)?"],
    ) -> bool:
        """Whether the pattern occurs in the text."""
        try:
            return re.search(pattern, text) is not None  # type: ignore[call-overload]
        except (re.error, TypeError, OverflowError, RecursionError):
            return False

    @staticmethod
    def split(text: str, pattern: str | re.Pattern[str]) -> list[str]:
        """The parts between occurrences."""
        parts: list[str] = []
        start = 0
        # not `re.split`, which would return the pattern's groups as well
        for found in _compiled("Regex.split", pattern).finditer(text):
            if found.end() > found.start():
                parts.append(text[start : found.start()])
                start = found.end()
        return [*parts, text[start:]]


def _compiled(call: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ArgumentError(f"{call}: bad pattern: {error}") from None
