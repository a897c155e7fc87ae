"""Strings: their text, their interpolations, and those that do not end."""

import re

from .brackets import CLOSERS
from .state import State

_TEXT = re.compile(r'(?:[^"\\#\n]|\\[^\n]|#(?!\{))+')
_BRACKET = re.compile(r"[()\[\]{}]")
_STATEMENT = re.compile(
    r"""\s*(?:let\s+\w+\s*[=:]|(?:if|unless|elsif|for|return|match)\b[^\n]*[^.,;!?\n]\n
    |self\.\w+\s*=|[A-Z]\w*\.\w+[?!]?\(|@[a-z]|resource\s+\w+\s*\{|\}[ \t]*\r?(?:\n|\Z)
    |[a-z_]\w*:\s+[a-z]\w*(?:\([\d, ]*\))?[!?])""",
    re.VERBOSE,
)
"""How a line may begin that is code, and no text in a string."""

_SEPARATORS = ",; \t\r"


class Strings(State):
    """Reads strings.

    An interpolation is read as any code; the `}` that closes it leads back into the string.
    """

    def _string(self, text: str, start: int) -> int:
        if "\n" in text:
            outermost = self._strings[0] if self._strings else start
            self._note_multiline(outermost)
            if self._guesses_cuts or self._cuts(outermost):
                return self._quote('"', start)
        end = start + len(text)
        if "\n" in text:
            self._note_suspicious(start, end)
        self._emit("STRING", text[1:-1], start, end)
        return end

    def _quote(self, _: str, start: int) -> int:
        self._emit("_QUOTE", '"', start, start + 1)
        self._strings.append(start)
        return self._string_text(start + 1)

    def _string_text(self, start: int) -> int:
        """The text of the innermost open string up to an interpolation or its end."""
        text = self.text
        position = start
        outermost = self._strings[0]
        while True:
            found = _TEXT.match(text, position)
            if found:
                position = found.end()
            following = text[position : position + 1]
            if following == '"':
                self._emit_text(start, position)
                self._emit("_QUOTE_END", '"', position, position + 1)
                opened = self._strings.pop()
                if not self._strings and opened in self.result.multiline[-1:]:
                    self._note_suspicious(opened, position + 1)
                return position + 1
            if following == "#":
                self._emit_text(start, position)
                self._emit("_INTERPOLATE", "#{", position, position + 2)
                self._brackets.open("#{", position)
                return position + 2
            if not following or (following == "\\" and position + 1 == len(text)):
                self.result.unterminated = True
                self._emit_text(start, position)
                self._force_string_end(len(text))
                return len(text)
            if self._cuts(outermost, position):
                end = self._without_closers(start, self._line_end(position))
                self._emit_text(start, end)
                self._force_string_end(end)
                return end
            self._note_multiline(outermost)
            position += 1 if following == "\n" else 2

    def _without_closers(self, start: int, end: int) -> int:
        """Where a text ends that has no quote: before what closes a bracket around it."""
        line = self.text.rfind("\n", 0, start)
        around = {
            CLOSERS[opened.bracket][1]
            for opened in self._brackets.stack
            if opened.bracket in "([" or opened.start > line
        }
        inside: list[str] = []
        for found in _BRACKET.finditer(self.text, start, end):
            bracket = found[0]
            if bracket in "([{":
                inside.append(CLOSERS[bracket][1])
            elif inside and inside[-1] == bracket:
                inside.pop()
            elif bracket in around:
                end = found.start()
                break
        text = self.text[start:end].rstrip(_SEPARATORS)
        if text.endswith(" {"):
            text = text[:-1].rstrip(_SEPARATORS)
        return start + len(text)

    def _note_multiline(self, outermost: int) -> None:
        if outermost not in self.result.multiline[-1:]:
            self.result.multiline.append(outermost)

    def _note_suspicious(self, start: int, end: int) -> None:
        """Note a string over lines that touches a name or another string."""
        last = self.result.tokens[-1]
        touches = last.end == start and last.type in ("STRING", "_QUOTE_END")
        following = self.text[end : end + 1]
        if touches or following.isalnum() or following == "#":
            self.result.suspicious.append(start)

    def _cuts(self, outermost: int, newline: int | None = None) -> bool:
        """Whether a string ends on its line; `newline` is one that it goes on after."""
        if newline is not None and self._guesses_cuts and _STATEMENT.match(self.text, newline + 1):
            self._cut.add(outermost)
        return outermost in self._cut

    def _emit_text(self, start: int, end: int) -> None:
        if end > start:
            self._emit("TEXT", self.text[start:end], start, end)

    def _force_string_end(self, position: int) -> None:
        """End all open strings here, and report the outermost one as not closed."""
        brackets = self._brackets
        outermost = self._strings[0]
        interpolations = sum(opened.bracket == "#{" for opened in brackets.stack)
        hint = 'close it with `}"`' if interpolations else 'close it with `"`'
        self._error(
            "SYN007", outermost, self._line_end(outermost), "this string is not closed", hint
        )
        while self._strings:
            if interpolations == len(self._strings):
                brackets.drop_interpolation()
                interpolations -= 1
            if not brackets.hidden:
                self._insert("_QUOTE_END")
            self._strings.pop()
