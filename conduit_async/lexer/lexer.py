"""Reads a whole source."""

import re

from ..hints.foreign_operators import LONG_EQUALITY, OPERATORS_MEANT
from ..source import shorten
from ..tokens import OPERATORS, TOKEN, Token
from .state import Repair
from .words import Words

_NAME = re.compile(r"[A-Za-z_]\w*")
_QUOTES = "'‘’“”`"
_QUOTED = re.compile(rf"([{_QUOTES}])([^{_QUOTES}\n]*)[{_QUOTES}]")


class Lexer(Words):
    """Reads one source once."""

    def run(self) -> None:
        """Read everything."""
        find = TOKEN.match
        text = self.text
        position = 1 if text.startswith("\N{BOM}") else 0
        operators = OPERATORS
        handlers = {
            "open": self._open, "close": self._close, "colon": self._colon,
            "quote": self._quote, "at": self._at, "number": self._number,
            "comment": self._comment, "minus": self._minus, "bang": self._bang,
            "slash": self._slash, "pipe": self._pipe, "bad": self._bad, "string": self._string,
        }  # fmt: skip
        while True:
            found = find(text, position)
            assert found is not None
            kind = found.lastgroup
            if kind == "newline":
                position = found.end()
                self._first = True
                newline = found.start("newline")
                if self._strings and self._cuts(self._strings[0], newline):
                    self._force_string_end(newline)
            elif kind == "word" or kind == "suffix":
                position = self._word(found)
            elif kind == "op":
                word = found["op"]
                start, position = found.span("op")
                if word in LONG_EQUALITY:
                    word = self._long_equality(word, start)
                self._emit(operators[word], word, start, position)
            elif kind == "end":
                break
            else:
                assert kind is not None
                position = handlers[kind](found[kind], found.start(kind))
        self._brackets.close_at_end()
        end = len(text)
        self.result.deep = self._brackets.deep
        self.result.early_closers = self._brackets.early_closers
        self.result.tokens.append(Token("$END", "", end, end, True, 0))
        del self.result.tokens[0]

    def guessed_cuts(self) -> tuple[Repair, ...]:
        """Read everything, and end each string where the next line begins like code."""
        known = set(self._cut)
        self._guesses_cuts = True
        self.run()
        return tuple(Repair("cut", start) for start in sorted(self._cut - known))

    def _comment(self, text: str, start: int) -> int:
        end = start + len(text)
        if text.startswith("###") and not text.startswith("####"):
            close = self.text.find("###", start + 3)
            if close >= 0:
                self._first = self._first or "\n" in self.text[start:close]
                return close + 3
            self._error(
                "SYN010", start, start + 3, "the file ends before this `###` comment is closed",
                "close it with `###`",
            )  # fmt: skip
        elif text.startswith("///") and not text.startswith("////") and self._first:
            if self.text.count("\n", self._doc_end, start) != 1:
                self._doc.clear()
            self._doc.append(text[3:].removeprefix(" ").rstrip())
            self._doc_end = end
        return end

    def _long_equality(self, word: str, start: int) -> str:
        """Report `===` or `!==`, and give what is meant."""
        meant = LONG_EQUALITY[word]
        self._error("SYN001", start, start + 3, f"Conduit has no `{word}`", f"write `{meant}`")
        return meant

    def _bad(self, text: str, start: int) -> int:
        end = start + len(text)
        quoted = _QUOTED.match(self.text, start)
        if quoted:
            self._error(
                "SYN001", start, quoted.end(), f"`{quoted[1]}` does not begin a string",
                'strings are written in double quotes: `"…"`',
            )  # fmt: skip
            self._emit("BAD", quoted[0], start, quoted.end())
            return quoted.end()
        if text[0] in _QUOTES:
            last = max(self._without_closers(end, self._line_end(start)), end)
            self._error(
                "SYN007", start, last, "this string is not closed, and begins with another quote",
                'strings are written in double quotes: `"…"`',
            )  # fmt: skip
            self._emit("BAD", self.text[start:last], start, last)
            return last
        message, hint = f"`{shorten(text)}` means nothing here", None
        operator = OPERATORS_MEANT.get(text)
        if text == ";":
            if self._in_head_of_for():
                return end
            message, hint = "`;` is not needed", "remove it: a statement ends by itself"
        elif text == "&" and self.text.startswith(".", end):
            end += 1
            operator = ("DOT", "?.", "Conduit has no `&.`", "write `?.`")
        elif text == "@":
            message, hint = "a name follows `@` directly", None
        elif not text.isprintable():
            names = " ".join(f"U+{ord(char):04X}" for char in dict.fromkeys(text[:5]))
            message, hint = f"there is an invisible character here ({names})", "remove it"
        if operator is not None and self._after_operand:
            type, word, message, hint = operator
            self._error("SYN001", start, end, message, hint)
            self._emit(type, word, start, end)
            return end
        if text == "$" and (name := _NAME.match(self.text, end)):
            self._error(
                "SYN001", start, name.end(), f"a name has no `$` in it: `${name[0]}`",
                f"write `{name[0]}`",
            )  # fmt: skip
            self._emit("BAD", "", start, name.end())
            return name.end()
        self._error("SYN001", start, end, message, hint)
        return end

    def _in_head_of_for(self) -> bool:
        """Whether the innermost bracket is that of `for (…; …; …)`, which is reported itself."""
        stack = self._brackets.stack
        start = stack[-1].start if stack else 0
        return self.text[max(0, start - 4) : start].rstrip().endswith("for")
