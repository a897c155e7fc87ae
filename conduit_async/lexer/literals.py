"""The values of literals: numbers, escapes, regular expressions."""

import re
import warnings
from decimal import Decimal

from ..source import shorten

NUMBER_PATTERN = re.compile(r"[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?")
REGEX_PATTERN = re.compile(r"/((?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+)/([A-Za-z]*)")
DURATION_PATTERN = re.compile(r"\.(second|minute|hour|day|week)s?(?![A-Za-z0-9_?!(])")

_JOINED_UNIT = re.compile(r"([0-9.]+)((?:second|minute|hour|day|week)s?)")
_ESCAPE = re.compile(r"\r\n|\\(u\{[^}\"\n]*\}|\r?\n|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "0": "\0", "#": "#"}
_MAX_DIGITS = 4000


class BadLiteralError(ValueError):
    """A literal has no value: what is wrong, where in its text, and how to mend it."""

    def __init__(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.hint = hint


def number(text: str) -> int | float:
    """The value of a number; raises `BadLiteralError`."""
    whole = (0, len(text))
    if not NUMBER_PATTERN.fullmatch(text):
        raise BadLiteralError(f"`{shorten(text)}` is not a number", *whole, _number_hint(text))
    if len(text) > _MAX_DIGITS:
        raise BadLiteralError("this number has too many digits", *whole)
    if text.replace("_", "").isdigit():
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise BadLiteralError(f"`{shorten(text)}` is too large for a float", *whole)
    return value


def amount(text: str) -> Decimal:
    """The number of a duration, exactly; raises `BadLiteralError`."""
    number(text)
    return Decimal(text)


def _number_hint(text: str) -> str:
    if text[:2].lower() in ("0x", "0b", "0o"):
        return "numbers are written in decimal"
    if text.endswith("_") or "__" in text:
        return "an underscore goes between two digits, as in `1_000_000`"
    if text.count(".") > 1:
        return "a number has one decimal point at most"
    if unit := _JOINED_UNIT.fullmatch(text):
        return f"write `{unit[1]}.{unit[2]}`"
    return "a name cannot begin with a digit, and a unit follows a dot, as in `7.days`"


def unescape(raw: str) -> tuple[str, list[BadLiteralError]]:
    """The value of a piece of a string, and the errors in its escapes."""
    if "\\" not in raw:
        return raw.replace("\r\n", "\n"), []
    errors: list[BadLiteralError] = []

    def replace(found: re.Match[str]) -> str:
        what: str | None = found[1]
        if what is None:
            return "\n"
        if what in _SIMPLE:
            return _SIMPLE[what]
        problem, hint = (
            f"`\\{what}` is not an escape",
            ('the escapes are \\n \\t \\r \\\\ \\" \\0 \\# and \\u{1F600}'),
        )
        if what.endswith("\n"):
            problem, hint = "a `\\` at the end of a line is not an escape", "remove it"
        elif what.startswith("u{"):
            digits = what[2:-1]
            if not re.fullmatch("[0-9A-Fa-f]{1,8}", digits):
                problem, hint = "`\\u{…}` needs a hexadecimal code", "as in `\\u{1F600}`"
            elif 0xD800 <= int(digits, 16) <= 0xDFFF:
                problem = f"`\\{what}` is half of a surrogate pair, no character"
                hint = "write the character's own code, as in `\\u{1F600}`"
            elif int(digits, 16) > 0x10FFFF:
                problem, hint = f"`\\{what}` is beyond the last character", "it is `\\u{10FFFF}`"
            else:
                return chr(int(digits, 16))
        elif what == "u":
            problem, hint = "`\\u` needs braces around its code", "as in `\\u{1F600}`"
        errors.append(BadLiteralError(problem, found.start(), found.end(), hint))
        return ""

    return _ESCAPE.sub(replace, raw), errors


def regex(raw: str, flags: str) -> tuple[str, str]:
    """Pattern and sorted flags of `/raw/flags`; raises `BadLiteralError`."""
    pattern = re.sub(r"\\(.)", lambda m: "/" if m[1] == "/" else m[0], raw, flags=re.DOTALL)
    for at, flag in enumerate(flags):
        if flag not in "imsx":
            start = len(raw) + 2 + at
            raise BadLiteralError(
                f"`{flag}` is not a regex flag", start, start + 1, "the flags are i, m, s and x"
            )
    check_pattern(pattern, len(raw) + 2 + len(flags))
    return pattern, "".join(sorted(set(flags)))


def check_pattern(pattern: str, width: int) -> None:
    """Raise `BadLiteralError` unless Python's `re` compiles the pattern."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error as error:
        raise BadLiteralError(f"this pattern does not compile: {error.msg}", 0, width) from error
    except (OverflowError, RecursionError) as error:
        raise BadLiteralError("this pattern is too large to compile", 0, width) from error
