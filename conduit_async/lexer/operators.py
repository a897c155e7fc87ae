"""Operators, brackets and numbers: what each is depends on whether an operand precedes it."""

import re

from ..tokens import BLOCK_HEADS, FOREIGN, KEYWORDS
from . import literals
from .brackets import CLOSERS, MAX_OPEN
from .strings import Strings

_ARROW_LAMBDA = re.compile(r"\((?:\s*[A-Za-z_]\w*\s*,)*\s*(?:[A-Za-z_]\w*\s*)?\)\s*=>")
_DECREMENT = re.compile(r"--[ \t\r]*(?:\n|\}|//|\#|$)")
_SYMBOL = re.compile(r":([A-Za-z_][A-Za-z0-9_]*)")

_HEADS = frozenset({"HOOK", "FUNCTION", "SCOPE", "ASYNC", "IF", "ELSIF", "UNLESS", "FOR"})


class Operators(Strings):
    """Reads what is no word."""

    def _open(self, bracket: str, start: int) -> int:
        if self._drops(start):
            hint = "remove it, or close it"
            self._error("SYN011", start, start + 1, f"this `{bracket}` is one too many", hint)
            return start + 1
        operand = self._after_operand
        if bracket == "{" and operand and self._ends_open_header(start):
            self._repair_to_brace()
        previous = self.result.tokens[-1].type
        role = ""
        if bracket == "{":
            type = "LBRACE"
            if previous in BLOCK_HEADS and self.result.tokens[-1] is not self._block_end:
                role = "match" if self._opens_match() else "block"
        elif operand and not self._new_line_in_brace:
            type = "_CALL" if bracket == "(" else "_INDEX"
        elif bracket == "(":
            type = "_ARROW_PAREN" if _ARROW_LAMBDA.match(self.text, start) else "LPAR"
        else:
            type = "LSQB"
        if len(self._brackets.stack) == MAX_OPEN:
            type = "BAD"
        self._emit(type, bracket, start, start + 1)
        self._brackets.open(bracket, start, role)
        return start + 1

    def _ends_open_header(self, start: int) -> bool:
        """Whether a `{` opens the block of a header in which a bracket is not closed."""
        stack = self._brackets.stack
        if not stack or stack[-1].bracket not in "([" or len(stack) in self._matches:
            return False
        rest = self.text[start : self._line_end(start)]
        tokens = self.result.tokens
        place = len(tokens) - 1
        while place and not tokens[place].first and tokens[place].type not in _HEADS:
            place -= 1
        return tokens[place].type in _HEADS and rest.count(")") <= rest.count("(")

    def _repair_to_brace(self) -> None:
        """Close the `(` and `[` that are open inside the innermost block."""
        stack = self._brackets.stack
        depth = len(stack)
        while depth and stack[depth - 1].bracket in "([":
            depth -= 1
        if depth and depth < len(stack) and stack[depth - 1].bracket == "{":
            self._brackets.close_to(depth)

    def _opens_match(self) -> bool:
        """Whether a block's `{` follows the subject of a `match`."""
        depth = len(self._brackets.stack)
        while self._matches and self._matches[-1] > depth:
            self._matches.pop()
        if self._matches and self._matches[-1] == depth:
            self._matches.pop()
            return True
        return False

    def _close(self, closer: str, start: int) -> int:
        if self._strings and self._cuts(self._strings[0]) and self._ends_cut_string(closer):
            self._force_string_end(start)
        if self._drops(start):
            hint = "remove it, or add the bracket that it should close"
            self._error("SYN011", start, start + 1, f"this `{closer}` is one too many", hint)
            return start + 1
        hidden = self._brackets.hidden
        opened = self._brackets.close(closer, start)
        if opened is None or hidden:
            return start + 1
        self._emit(CLOSERS[opened.bracket][0], closer, start, start + 1)
        if opened.bracket == "#{":
            return self._string_text(start + 1)
        if opened.role == "block":
            self._block_end = self.result.tokens[-1]
        return start + 1

    def _drops(self, start: int) -> bool:
        repair = self._repairs.get(start)
        return repair is not None and repair.kind == "drop"

    def _ends_cut_string(self, closer: str) -> bool:
        """Whether a bracket closes one that is open around a string, and none in it."""
        depth = len(self._brackets.stack)
        while depth and CLOSERS[self._brackets.stack[depth - 1].bracket][1] != closer:
            depth -= 1
        brackets = [opened.bracket for opened in self._brackets.stack[:depth]]
        return depth > 0 and brackets.count("#{") < len(self._strings)

    def _colon(self, _: str, start: int) -> int:
        text = self.text
        named = _SYMBOL.match(text, start)
        last = self.result.tokens[-1]
        if named is not None:
            if self._after_operand:
                symbol = self._new_line_in_brace
            else:
                symbol = not (last.end == start and last.text in KEYWORDS)
            if symbol:
                self._emit("SYMBOL", named[1], start, named.end())
                return named.end()
        self._emit("COLON", ":", start, start + 1)
        return start + 1

    def _minus(self, _: str, start: int) -> int:
        end = start + 1
        if self.text[end : end + 1] == "=" and self._after_operand:
            self._emit("AUGMENT", "-=", start, end + 1)
            return end + 1
        if self._after_operand and _DECREMENT.match(self.text, start):
            self._emit(FOREIGN, "--", start, end + 1)
            return end + 1
        binary = self._after_operand and not (self._new_line_in_brace and self._attached(end))
        self._emit("MINUS" if binary else "NEGATE", "-", start, end)
        return end

    def _bang(self, _: str, start: int) -> int:
        unwraps = self._after_operand and self.result.tokens[-1].end == start
        self._emit("_BANG" if unwraps else "NOT", "!", start, start + 1)
        return start + 1

    def _slash(self, _: str, start: int) -> int:
        end = start + 1
        if self.text.startswith("*", end) and (close := self.text.find("*/", start + 2)) > 0:
            return self._foreign_comment(start, close + 2)
        divides = self._after_operand and not (self._new_line_in_brace and self._attached(end))
        found = None if divides else literals.REGEX.match(self.text, start)
        if self._after_operand and found is None:
            if self.text[end : end + 1] == "=":
                self._emit("AUGMENT", "/=", start, end + 1)
                return end + 1
            self._emit("TIMES", "/", start, end)
            return end
        if found:
            self._emit("REGEX", found[0], start, found.end())
            return found.end()
        line_end = self._line_end(start)
        self._error(
            "SYN007", start, line_end, "this regular expression is not closed on its line",
            "close it with `/`; inside it a slash is written `\\/`",
        )  # fmt: skip
        last = max(self._without_closers(end, line_end), end)
        self._emit("BAD", self.text[start:last], start, last)
        return last

    def _foreign_comment(self, start: int, end: int) -> int:
        """`/* … */`, which no regex and no division can be."""
        self._first = self._first or "\n" in self.text[start:end]
        self._error(
            "SYN001", start, min(end, self._line_end(start)), "Conduit has no `/* … */` comments",
            "write `// …`, or `###` … `###` over several lines",
        )  # fmt: skip
        return end

    def _pipe(self, text: str, start: int) -> int:
        end = start + len(text)
        type = "PIPE" if text == "|" else "OR" if self._after_operand else "_EMPTY_PIPES"
        self._emit(type, text, start, end)
        return end

    def _number(self, text: str, start: int) -> int:
        end = start + len(text)
        unit = literals.DURATION.match(self.text, end)
        try:
            value = literals.number(text)
        except literals.BadLiteralError as error:
            self._bad_literal("SYN008", start, error)
            self._emit("BAD", text, start, end)
            return end
        if unit:
            end = unit.end()
            self._emit("DURATION", self.text[start:end], start, end)
        else:
            self._emit("INT" if isinstance(value, int) else "FLOAT", text, start, end)
        return end
