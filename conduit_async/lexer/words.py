"""Names, keywords and annotations."""

import re

from ..hints.foreign_words import FOREIGN_WORDS, declares_local
from ..source import shorten
from ..suggest import nearest
from ..tokens import (
    FIELD_ANNOTATIONS,
    HOOK_ANNOTATIONS,
    INFIX_WORDS,
    KEYWORDS,
    MEMBER_ANNOTATIONS,
    STATEMENT_WORDS,
)
from .foreign import ForeignWords
from .unclosed import unclosed_depth

_MODIFIERS = frozenset({"ASYNC", "TRANSACTION"})
_RELATION_WORDS = frozenset({"RELATION", "NESTED", "NAME", "THROUGH", "UNDER", "AS"})
_ARM_STARTS = frozenset({"LBRACE", "RBRACE", "COMMA"})
_NEW_RESOURCE = re.compile(r"\s+[A-Za-z_]\w*\s*\{")
_STRING_FOLLOWS = re.compile(r'\s*"')
_PATTERN_ENDS = re.compile(r"\s*(?:=>|\.(?!\.)|,)")
_KEY_COLON = re.compile(r":|\s+:(?![A-Za-z_])")
_ATTACHED_COLON = re.compile(r":(?!\w)")
_NO_VALUE = re.compile(r"[ \t\r]*(?:\n|//|\#|\}|$|(?:let|if|unless|return|for)\b(?!\s*:)|@)")
_STATEMENT = re.compile(r"(?:let|if|unless|return|for)[ \t]+\w")


class Words(ForeignWords):
    """Reads words, which are keywords only where the grammar wants them."""

    def _word(self, found: re.Match[str]) -> int:
        word, suffix = found["word"], found["suffix"]
        start, end = found.span("word")
        if self._first and len(self._brackets.stack) > 1:
            self._close_what_ends_here(start, end)
        previous = self.result.tokens[-1].type
        if not word.isascii():
            self._bad_name(word, start, end, previous)
            type = "NAME"
        elif previous == "DOT" and not (self._first and _STATEMENT.match(self.text, start)):
            type = "NAME"
        elif (
            (
                word in FOREIGN_WORDS
                or not self._brackets.stack
                or (self._first and word not in KEYWORDS and declares_local(self.text, end))
            )
            and not suffix
            and (past := self._foreign_word(word, start, end))
        ):
            return past
        elif word in KEYWORDS:
            type = self._keyword(word, end, suffix)
            if type != "NAME" and suffix == "!":
                suffix = None
        elif previous in _RELATION_WORDS and self._relation:
            type = self._relation_word(word, end, previous)
        elif word == "when" and (previous in _ARM_STARTS or self._first):
            type = self._when(end)
        elif word == "resource" and self._is_resource(end):
            type = "RESOURCE"
        elif previous == "AT" and not self._first and not _KEY_COLON.match(self.text, end):
            type = "LABEL"
        else:
            type = "NAME"
        if suffix and type != "LABEL":
            end += 1
            word += suffix
            type = "PREDICATE" if suffix == "?" else "MUTATOR"
        self._emit(type, word, start, end)
        return end

    def _close_what_ends_here(self, start: int, end: int) -> None:
        """Close the brackets that a word at the start of a line shows to be unclosed."""
        stack = self._brackets.stack
        if self._strings or not any(opened.bracket in "([" for opened in stack):
            return
        depth = unclosed_depth(self.text, stack, self.result.tokens, start, end)
        if depth is not None:
            self._brackets.close_to(depth)

    def _bad_name(self, word: str, start: int, end: int, previous: str) -> None:
        code, what = ("SYN003", "resource") if previous == "RESOURCE" else ("SYN004", "")
        self._error(
            code,
            start,
            end,
            f"`{shorten(word)}` is not a {what + ' ' if what else ''}name",
            "names consist of the letters a to z, digits and underscores",
        )

    def _keyword(self, word: str, end: int, suffix: str | None) -> str:
        if suffix == "?":
            return "NAME"
        if word in INFIX_WORDS and _ATTACHED_COLON.match(self.text, end):
            return "NAME"
        if word == "return":
            following = self.text[end : end + 1] == ":"
            return "RETURN" if following or not _NO_VALUE.match(self.text, end) else "_RETURN_VOID"
        if word == "match" and not _KEY_COLON.match(self.text, end):
            self._matches.append(len(self._brackets.stack))
        if word in STATEMENT_WORDS and self._first and not _KEY_COLON.match(self.text, end):
            self._repair_to_brace()
        return KEYWORDS[word]

    def _relation_word(self, word: str, end: int, previous: str) -> str:
        if not _KEY_COLON.match(self.text, end):
            if word == "as" and _STRING_FOLLOWS.match(self.text, end):
                return "AS"
            if word == "through" and previous == "NAME":
                return "THROUGH"
            if word == "under" and previous == "NESTED":
                return "UNDER"
        return "NAME"

    def _when(self, end: int) -> str:
        stack = self._brackets.stack
        in_match = bool(stack) and stack[-1].role == "match"
        is_pattern = _PATTERN_ENDS.match(self.text, end)
        return "WHEN" if in_match and not is_pattern else "NAME"

    def _is_resource(self, end: int) -> bool:
        if self._brackets.stack:
            if not (self._first and _NEW_RESOURCE.match(self.text, end)):
                return False
            self._brackets.close_to(0)
        return True

    def _at(self, text: str, start: int) -> int:
        name = text[1:]
        end = start + len(text)
        stack = self._brackets.stack
        if name in MEMBER_ANNOTATIONS:
            type = MEMBER_ANNOTATIONS[name]
            if self._first and len(stack) > 1:
                self._brackets.close_to(1)
        elif name in HOOK_ANNOTATIONS:
            type = HOOK_ANNOTATIONS[name]
            if self._first:
                self._repair_to_brace()
        elif name in FIELD_ANNOTATIONS:
            type = "FIELD_AT"
            if not any(opened.role == "block" for opened in stack[1:]):
                self._repair_to_brace()
        elif self._first or not stack or self.result.tokens[-1].type in ("LBRACE", "COMMA"):
            type = "AT"
        else:
            type = self._modifier(name, start, end) or "FIELD_AT"
        self._relation = type in ("RELATION", "NESTED")
        self._emit(type, text, start, end)
        return end

    def _modifier(self, name: str, start: int, end: int) -> str | None:
        """The type of a misspelt `@async` or `@transaction` in the header of a hook."""
        before = [token.type for token in self.result.tokens[-2:]]
        if not (before[-1] in _MODIFIERS or before == ["HOOK", "NAME"]):
            return None
        meant = nearest(name, HOOK_ANNOTATIONS)
        if meant is None:
            return None
        hint = f"did you mean `@{meant}`?"
        self._error("SYN017", start, end, f"there is no `@{name}` here", hint)
        return HOOK_ANNOTATIONS[meant]
