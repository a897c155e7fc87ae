"""`Text`."""

import re

from ._namespace import ArgumentError, namespace, properties

_WHOLE_WORDS = re.compile(r".*\s", re.S)


@namespace
class Text:
    """Functions of texts that people read."""

    @staticmethod
    @properties("method")
    def calculate_reading_time(content: str, words_per_minute: int = 200) -> int:
        """The whole minutes that it takes to read, at least 1."""
        if words_per_minute < 1:
            raise ArgumentError("Text.calculate_reading_time: `words_per_minute` is less than 1")
        return max(1, -(-len(content.split()) // words_per_minute))

    @staticmethod
    @properties("method", "total")
    def word_count(content: str) -> int:
        """The number of words."""
        return len(content.split())

    @staticmethod
    @properties("method", "total")
    def character_count(content: str) -> int:
        """The number of characters."""
        return len(content)

    @staticmethod
    @properties("method")
    def excerpt(content: str, length: int) -> str:
        """At most `length` characters, cut after a word, with `...` when cut.

        A first word that is longer than `length` is cut within; `...` does not count.
        """
        if length < 0:
            raise ArgumentError(f"Text.excerpt: `length` is {length}, less than 0")
        if len(content) <= length:
            return content
        trimmed = content.strip()
        if len(trimmed) <= length:
            return trimmed
        head = trimmed[:length]
        whole_words = None if trimmed[length].isspace() else _WHOLE_WORDS.match(head)
        return (whole_words.group() if whole_words else head).rstrip() + "..."
