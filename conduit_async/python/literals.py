"""Python literals for constants; every text keeps its exact value."""

from collections.abc import Sequence
from decimal import Decimal

LONGEST = 76
"""A longer text is written as several literals, one a line."""

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escaped(text: str, quote: str) -> str:
    """Return the text between the quotes of a literal, with non-printing characters escaped."""
    escapes = {**_ESCAPES, quote: f"\\{quote}"}
    return "".join(
        escapes.get(char)
        or (char if char.isprintable() else char.encode("unicode_escape").decode("ascii"))
        for char in text
    )


def string(text: str) -> str:
    """Return a text as one literal, or as several in parentheses if it is long."""
    return _joined([quoted(piece) for piece in split(text)])


def quoted(text: str) -> str:
    """Return a text as one literal."""
    quote = "'" if text.count('"') > text.count("'") else '"'  # needs fewer escapes
    return f"{quote}{escaped(text, quote)}{quote}"


def f_string(parts: Sequence[str | tuple[str, str]]) -> str:
    """Return an f-string of texts and of expressions, each with its format such as `:f`."""
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
    """Return a tuple of items that are Python texts already."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def pattern(text: str) -> str:
    """Return a regular expression, as a raw string if possible."""
    plain = text.isprintable() and not text.endswith("\\")
    for quote in "\"'":
        if plain and "\\" in text and quote not in text:
            return f"r{quote}{text}{quote}"
    return string(text)


def split(text: str) -> list[str]:
    """Split a long text at spaces and line ends."""
    pieces: list[str] = []
    piece = ""
    for word in _words(text) if len(text) > LONGEST else [text]:
        if (piece and len(piece) + len(word) > LONGEST) or piece.endswith("\n"):
            pieces.append(piece)
            piece = ""
        piece += word
    return [*pieces, piece]


def _words(text: str) -> list[str]:
    """Return the words, each with the white space after it; split very long words."""
    words: list[str] = []
    start = 0
    for index, char in enumerate(text, 1):
        if char in " \n" or index - start >= LONGEST:
            words.append(text[start:index])
            start = index
    return [*words, text[start:]] if start < len(text) else words


def number(value: int | float) -> str:
    """Return a non-negative number; a very long int is hexadecimal, which has no length limit."""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 10_000 else hex(value)
    text = repr(value)
    return 'float("inf")' if text == "inf" else text


def duration(timedelta: str, amount: Decimal, unit: str) -> str:
    """`timedelta(days=7)`."""
    whole = amount == amount.to_integral_value()
    return f"{timedelta}({unit}s={int(amount) if whole else f'{amount:f}'})"


def seconds(timedelta: str, value: float) -> str:
    """Return `timedelta(…)` for a number of seconds, in the largest unit that divides it."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if value and value % size == 0:
            return f"{timedelta}({unit}={int(value // size)})"
    return f"{timedelta}(seconds={int(value) if value == int(value) else value})"
