"""Words that are known from other languages: each is reported once, and read as what it means."""

import re

from ..hints import foreign_words as foreign
from ..hints.foreign_words import ForeignWord
from ..tokens import FOREIGN, MEMBER_ANNOTATIONS
from .operators import Operators

_NOT_IN = re.compile(r"[ \t]+in\b")
_IS = re.compile(r"([ \t]+not\b)?[ \t]+[\w\"]")


class ForeignWords(Operators):
    """Reads words that Conduit lacks."""

    def _foreign_word(self, word: str, start: int, end: int) -> int:
        """Read a foreign word; where it ends, or 0 when it is an ordinary one."""
        stack = self._brackets.stack
        starts = self._first or self.result.tokens[-1].type == "LBRACE"
        if not stack:
            return self._foreign_resource(word, start, end)
        if len(stack) == 1:
            return self._foreign_member(word, start, end) if starts else 0
        found = self._find_foreign(word, end, starts)
        if found is not None:
            return 0 if self._declares(word) else self._read_as(found, word, start, end)
        return self._foreign_infix(word, start, end) if self._after_operand and not starts else 0

    def _find_foreign(self, word: str, end: int, starts: bool) -> ForeignWord | None:
        around = self._brackets.stack[-1].role
        after_block = self.result.tokens[-1] is self._block_end
        found = None
        if around in ("block", "match"):
            if after_block:
                found = foreign.branch_word(self.text, word, end)
            if found is None and (starts or after_block) and (word, around) != ("when", "match"):
                found = foreign.statement_word(self.text, word, end)
        if found is None and (starts or not self._after_operand):
            found = foreign.value_word(self.text, word, end)
        return found

    def _declares(self, word: str) -> bool:
        if word not in self._declared:
            self._declared[word] = foreign.declares(self.text, word)
        return self._declared[word]

    def _read_as(self, meant: ForeignWord, word: str, start: int, end: int) -> int:
        if meant.type == FOREIGN:
            self._emit(FOREIGN, word, start, end)
            return end
        self._error("SYN001", start, end, f"Conduit has no `{word}`", meant.hint)
        if meant.type:
            self._emit(meant.type, word, start, end)
        return end

    def _foreign_resource(self, word: str, start: int, end: int) -> int:
        if not self._first or word == "resource" or not foreign.resource_word(self.text, end):
            return 0
        hint = "write `resource`"
        self._error("SYN001", start, end, f"a file holds resources, not `{word}`", hint)
        self._emit("RESOURCE", word, start, end)
        return end

    def _foreign_member(self, word: str, start: int, end: int) -> int:
        meant = foreign.member_word(self.text, word, end)
        if meant is None:
            return 0
        message = f"Conduit has no `{word}`"
        if meant == f"@{word}":
            message = f"`{word}` needs an `@` before it"
        self._error("SYN001", start, end, message, f"write `{meant}`")
        type = MEMBER_ANNOTATIONS[meant[1:]]
        self._relation = type in ("RELATION", "NESTED")
        self._emit(type, meant, start, end)
        return end

    def _foreign_infix(self, word: str, start: int, end: int) -> int:
        """`x is nil`, `x not in y`, `x instanceof Y`."""
        text = self.text
        if word == "not" and (follows := _NOT_IN.match(text, end)):
            end = follows.end()
            self._error("SYN001", start, end, "`not in` is one word here", "write `not_in`")
            self._emit("NOT_IN", "not_in", start, end)
            return end
        if word == "is" and not self._first and (found := _IS.match(text, end)):
            end = found.end(1) if found[1] else end
            meant = "!=" if found[1] else "=="
            self._error(
                "SYN001", start, end, f"Conduit has no `{text[start:end]}`", f"write `{meant}`"
            )
            self._emit("EQUALITY", meant, start, end)
            return end
        if word == "instanceof" and not self._first:
            self._emit(FOREIGN, word, start, end)
            return end
        return 0
