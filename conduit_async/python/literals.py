"""Python literals for constant values: whatever a text holds, it arrives unchanged."""

from collections.abc import Sequence
from decimal import Decimal

LONGEST = 76
"""From here on a text is written as several literals, one under the other."""

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escaped(text: str, quote: str) -> str:
    """The text between two quotes of a literal; what does not print is escaped."""
    escapes = {**_ESCAPES, quote: f"\\{quote}"}
    return "".join(
        escapes.get(char)
        or (char if char.isprintable() else char.encode("unicode_escape").decode("ascii"))
        for char in text
    )


def string(text: str) -> str:
    """A text as one literal, or as several in parentheses when it is long."""
    return _joined([quoted(piece) for piece in split(text)])


def quoted(text: str) -> str:
    """A text as one literal."""
    quote = "'" if text.count('"') > text.count("'") else '"'  # needs fewer escapes
    return f"{quote}{escaped(text, quote)}{quote}"


def f_string(parts: Sequence[str | tuple[str, str]]) -> str:
    """An f-string of texts and of expressions, each with what follows it in its braces."""
    pieces = [""]
    for part in parts:
        if isinstance(part, tuple):
            chunks = [f"{{{part[0]}{part[1]}}}"]
        else:
            doubled = split(part) if len(part) > LONGEST else [part]
            chunks = [
                escaped(chunk, '"').replace("{", "{{").replace("}", "}}") for chunk in doubled
            ]
        for chunk in chunks:
            if pieces[-1] and len(pieces[-1]) + len(chunk) > LONGEST:
                pieces.append("")
            pieces[-1] += chunk
    return _joined([f'{"f" if "{" in piece or "}" in piece else ""}"{piece}"' for piece in pieces])


def _joined(pieces: list[str]) -> str:
    return pieces[0] if len(pieces) == 1 else f"({' '.join(pieces)})"


def tuple_of(items: Sequence[str]) -> str:
    """A tuple of what is written already."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def pattern(text: str) -> str:
    """A regular expression, as a raw string where that is possible."""
    plain = text.isprintable() and not text.endswith("\\")
    for quote in "\"'":
        if plain and "\\" in text and quote not in text:
            return f"r{quote}{text}{quote}"
    return string(text)


def split(text: str) -> list[str]:
    """A long text in pieces that end at a space or a line's end."""
    pieces: list[str] = []
    piece = ""
    for word in _words(text) if len(text) > LONGEST else [text]:
        if (piece and len(piece) + len(word) > LONGEST) or piece.endswith("\n"):
            pieces.append(piece)
            piece = ""
        piece += word
    return [*pieces, piece]


def _words(text: str) -> list[str]:
    """The words, each with the white space after it; a very long one in parts."""
    words: list[str] = []
    start = 0
    for index, char in enumerate(text, 1):
        if char in " \n" or index - start >= LONGEST:
            words.append(text[start:index])
            start = index
    return [*words, text[start:]] if start < len(text) else words


def number(value: int | float) -> str:
    """A number that is not negative; a very long int in hexadecimal, which has no limit."""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 10_000 else hex(value)
    text = repr(value)
    return 'float("inf")' if text == "inf" else text


def duration(timedelta: str, amount: Decimal, unit: str) -> str:
    """`timedelta(days=7)`."""
    whole = amount == amount.to_integral_value()
    return f"{timedelta}({unit}s={int(amount) if whole else f'{amount:f}'})"


def seconds(timedelta: str, value: float) -> str:
    """`timedelta(…)` of some seconds, in the largest unit that divides them."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if value and value % size == 0:
            return f"{timedelta}({unit}={int(value // size)})"
    return f"{timedelta}(seconds={int(value) if value == int(value) else value})"
