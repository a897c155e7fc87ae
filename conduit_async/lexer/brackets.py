"""The brackets that are open while a source is read, and the repair of those that do not match.

A repaired bracket is reported once. The tokens that follow are as if it had been closed, so it
causes no further reports.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..source import Source, Span

MAX_DEPTH = 100
"""How deep brackets, blocks and interpolations may nest."""

MAX_OPEN = MAX_DEPTH + 3
"""`MAX_DEPTH` does not count the resource, the hook and its `@async` block."""

_LOOKAHEAD = 2_000
"""How many characters are searched for the closer of a bracket."""

CLOSERS = {
    "(": ("RPAR", ")"), "[": ("RSQB", "]"), "{": ("RBRACE", "}"), "#{": ("_INTERPOLATE_END", "}"),
}  # fmt: skip


@dataclass(slots=True)
class Open:
    """An open `(`, `[`, `{` or `#{`; `role` says whether a `{` opens a hash, block or match."""

    bracket: str
    start: int
    role: str = ""


_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|[()\[\]{}]')


def closes(text: str, bracket: str, start: int) -> bool:
    """Whether the first unmatched closer after an offset closes `bracket`."""
    inside = 0
    for found in _BRACKET.finditer(text, start, start + _LOOKAHEAD):
        if found[0] in "([{":
            inside += 1
        elif found[0] in ")]}":
            if not inside:
                return found[0] == CLOSERS[bracket][1]
            inside -= 1
    return False


class Brackets:
    """A stack of open brackets."""

    def __init__(
        self,
        source: Source,
        report: Callable[[str, Span, str, str | None], None],
        insert: Callable[[str], None],
    ) -> None:
        self.stack: list[Open] = []
        self._source = source
        self._report = report
        self._insert = insert
        self.deep: frozenset[int] = frozenset()
        """The starts of the first bracket that is too deep and of those around it."""
        self.early_closers: list[int] = []
        """The offsets of each `}` that is indented more than the line of its `{`."""
        self._suspect: Open | None = None

    @property
    def hidden(self) -> bool:
        """Whether the brackets nest too deep, so that tokens are not read."""
        return len(self.stack) > MAX_OPEN

    def open(self, bracket: str, start: int, role: str = "") -> None:
        """Open a bracket; report the first that is too deep."""
        self.stack.append(Open(bracket, start, role))
        if len(self.stack) > MAX_OPEN and not self.deep:
            message = f"brackets, blocks and interpolations nest more than {MAX_DEPTH} deep here"
            hint = "move the inner parts into `let` statements or functions"
            self._error("SYN001", start, bracket, message, hint)
            self.deep = frozenset(opened.start for opened in self.stack)

    def close(self, closer: str, start: int) -> Open | None:
        """Close the innermost bracket, repairing a mismatch; None for a stray closer."""
        stack, source = self.stack, self._source
        if stack and CLOSERS[stack[-1].bracket][1] == closer:
            if closer == "}":
                self._note_indentation(stack[-1], start)
            return stack.pop()
        around = stack[-1].bracket if stack and stack[-1].bracket in "([" else None
        depth = self._matching_opener(closer, start)
        rest_of_line = source.text[start + 1 : source.line_end(start)]
        in_string = any(opened.bracket == "#{" for opened in stack)
        if closer == "}" and around and not in_string and closes(rest_of_line, around, 0):
            depth = None
        if depth is not None:
            self.close_to(depth + 1)
            return stack.pop()
        if closer != "}" and around and not closes(source.text, around, start + 1):
            hint = f"write `{CLOSERS[around][1]}`"
            self._error("SYN011", start, closer, f"`{closer}` cannot close `{around}`", hint)
            return stack.pop()
        hint = "remove it, or add the bracket that it should close"
        self._error("SYN011", start, closer, f"`{closer}` closes nothing here", hint)
        return None

    def close_to(self, depth: int) -> None:
        """Close the brackets beyond `depth`, and report the innermost as not closed."""
        self._close_to(depth, "SYN011", "`{}` is not closed")

    def close_at_end(self) -> None:
        """Close the brackets that are open at the end of the source, with a report."""
        if self.stack:
            self._close_to(0, "SYN010", "the file ends before this `{}` is closed")

    def close_to_brace(self) -> None:
        """Close the `(` and `[` that are open inside the innermost `{`."""
        depth = len(self.stack)
        while depth and self.stack[depth - 1].bracket in "([":
            depth -= 1
        if 0 < depth < len(self.stack) and self.stack[depth - 1].bracket == "{":
            self.close_to(depth)

    def close_from(self, opener: int) -> None:
        """Close the bracket at an offset, or the innermost `{` if a `{` there is closed already."""
        for depth, opened in enumerate(self.stack):
            if opened.start == opener:
                self._suspect = opened
                self.close_to(depth)
                return
        if self.stack and self._source.text[opener] == "{":
            self.close_to(len(self.stack) - 1)

    def _note_indentation(self, opened: Open, closer: int) -> None:
        """Note a `{` that may lack its `}`, and each `}` that is indented more than its `{`.

        A `{` is suspect if its `}` begins a line that is indented less than the line of the `{`,
        until the `}` of a `{` around it has the right indent.
        """
        source = self._source
        line = source.line_start(closer)
        if line <= opened.start:
            return
        indent, wanted = source.indent(closer), source.indent(opened.start)
        if indent > wanted:
            self.early_closers.append(closer)
        elif line + indent == closer:
            if indent < wanted:
                self._suspect = self._suspect or opened
            elif self._suspect is not None and opened.start < self._suspect.start:
                self._suspect = None

    def _close_to(self, depth: int, code: str, message: str) -> None:
        """Close the brackets beyond `depth`, and report the bracket that lacks its closer.

        It is the innermost one, unless the indentation shows another.
        """
        unclosed, suspect = self.stack[-1], self._suspect
        self._suspect = None
        if suspect and (suspect in self.stack or suspect.start > unclosed.start):
            unclosed = suspect
        bracket = unclosed.bracket
        hint = f"add the missing `{CLOSERS[bracket][1]}`"
        self._error(code, unclosed.start, bracket, message.format(bracket), hint)
        self._drop_to(depth)

    def drop_interpolation(self) -> None:
        """Close the innermost interpolation and the brackets inside it, without a report."""
        depth = len(self.stack) - 1
        while self.stack[depth].bracket != "#{":
            depth -= 1
        self._drop_to(depth)

    def _drop_to(self, depth: int) -> None:
        while len(self.stack) > depth:
            hidden = self.hidden
            bracket = self.stack.pop().bracket
            if not hidden:
                self._insert(CLOSERS[bracket][0])

    def _matching_opener(self, closer: str, start: int) -> int | None:
        """The index of the bracket that a closer closes although others are open inside it."""
        for index in range(len(self.stack) - 1, -1, -1):
            open_ = self.stack[index]
            if CLOSERS[open_.bracket][1] == closer:
                return index
            if closer != "}" and (
                open_.bracket == "#{"
                or (open_.bracket == "{" and "\n" in self._source.text[open_.start : start])
            ):
                return None
        return None

    def _error(self, code: str, start: int, bracket: str, message: str, hint: str) -> None:
        """Report a bracket, unless one was too deep: the open brackets are then unknown."""
        if not self.deep:
            span = Span(self._source, start, start + len(bracket))
            self._report(code, span, message, hint)
