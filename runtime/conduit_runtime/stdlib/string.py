"""`String`."""

import re
from collections.abc import Sequence
from typing import Any

from .. import operators
from ..model.text.names import named
from ._namespace import ArgumentError, namespace, properties


@namespace
class String:
    """Functions of strings. Characters are Unicode code points."""

    @staticmethod
    @properties("method", "total")
    def slugify(text: str) -> str:
        """The text as a part of an address: `zoe-co`."""
        from slugify import slugify

        return slugify(text)

    @staticmethod
    @properties("method", "total")
    def capitalize(text: str) -> str:
        """First letter in upper case, the rest in lower case."""
        return text.capitalize()

    @staticmethod
    @properties("method", "total")
    def upcase(text: str) -> str:
        """The text in upper case."""
        return text.upper()

    @staticmethod
    @properties("method", "total")
    def downcase(text: str) -> str:
        """The text in lower case."""
        return text.lower()

    @staticmethod
    @properties("method", "total")
    def trim(text: str, chars: str | None = None) -> str:
        """The text without white space, or without any of `chars`, at both ends."""
        return text.strip(chars)

    @staticmethod
    @properties("method")
    def truncate(text: str, length: int) -> str:
        """The first `length` characters."""
        if length < 0:
            raise ArgumentError(f"String.truncate: `length` is {length}, less than 0")
        return text[:length]

    @staticmethod
    @properties("method", "total")
    def split(text: str, delimiter: str | re.Pattern[str]) -> list[str]:
        """The parts between delimiters; an empty delimiter gives the characters."""
        if isinstance(delimiter, re.Pattern):
            from .regex import Regex

            return Regex.split(text, delimiter)
        return text.split(delimiter) if delimiter else list(text)

    @staticmethod
    @properties("method")
    def join(parts: Sequence[Any], delimiter: str) -> str:
        """The parts as they read in a string, with the delimiter between them."""
        return delimiter.join(operators.text(part) for part in parts)

    @staticmethod
    @properties("method")
    def replace(text: str, pattern: str | re.Pattern[str], replacement: str) -> str:
        """The text with every occurrence of the pattern replaced."""
        if isinstance(pattern, re.Pattern):
            from .regex import Regex

            return Regex.replace(text, pattern, replacement)
        return text.replace(pattern, replacement)

    @staticmethod
    @properties("method", "total")
    @named("starts_with?")
    def starts_with(text: str, part: str) -> bool:
        """Whether the text starts with the part."""
        return text.startswith(part)

    @staticmethod
    @properties("method", "total")
    @named("ends_with?")
    def ends_with(text: str, part: str) -> bool:
        """Whether the text ends with the part."""
        return text.endswith(part)

    @staticmethod
    @properties("method", "total")
    @named("includes?")
    def includes(text: str, part: str) -> bool:
        """Whether the part occurs in the text."""
        return part in text

    @staticmethod
    @properties("method", "total")
    def contains(text: str, part: str) -> bool:
        """Whether the part occurs in the text."""
        return part in text

    @staticmethod
    @properties("method", "total")
    def length(text: str) -> int:
        """The number of characters."""
        return len(text)
