"""What is read so far, and the token that comes next."""

from dataclasses import dataclass, field

from ..diagnostics import Diagnostic
from ..source import Source, Span
from . import literals
from .brackets import MOST_OPEN, Brackets, inserted
from .tokens import OPERAND_ENDS, Token


@dataclass
class Lexed:
    """What a source consists of: its tokens, and the doc comment above the token at an offset.

    `deep` are the offsets of the brackets around a place that nests too deep, which is reported.
    """

    tokens: list[Token]
    docs: dict[int, str]
    problems: list[Diagnostic] = field(default_factory=list)
    deep: frozenset[int] = frozenset()


class State:
    """The tokens of a source so far, the brackets that are open, and what decides the next one.

    `cut` is the offset of a string that is taken to end on its line, `cut_all` takes all so.
    `missing` are the offsets of tokens before which a `{` is missing.
    """

    def __init__(
        self,
        source: Source,
        cut: int = -1,
        cut_all: bool = False,
        missing: frozenset[int] = frozenset(),
    ) -> None:
        self.source = source
        self.text = source.text
        self.result = Lexed([Token("START", "", 0, 0)], {})
        self.multiline: list[int] = []
        self.unterminated = False
        self._cut = cut
        self._cut_all = cut_all
        self._missing = missing
        self._brackets = Brackets(source, self._report, self._insert)
        self._strings: list[int] = []
        self._matches: list[int] = []
        self._block_end: Token | None = None
        self._first = True
        self._relation = False
        self._doc: list[str] = []
        self._doc_end = -1

    def _emit(self, type: str, text: str, start: int, end: int) -> None:
        brackets = self._brackets.stack
        if start in self._missing and len(brackets) < MOST_OPEN:
            self._report_missing()
            self._insert("LBRACE")
            self._brackets.open("{", start, "block")
        if len(brackets) > MOST_OPEN:
            self._first = False
            return
        if self._doc:
            self._take_doc(start)
        self.result.tokens.append(Token(type, text, start, end, self._first, len(brackets)))
        self._first = False

    def _take_doc(self, start: int) -> None:
        if self.text.count("\n", self._doc_end, start) == 1:
            self.result.docs[start] = "\n".join(self._doc)
        self._doc.clear()

    def _insert(self, type: str) -> None:
        tokens = self.result.tokens
        tokens.append(inserted(type, tokens[-1].end, len(self._brackets.stack)))

    def _report_missing(self) -> None:
        last = self.result.tokens[-1]
        span = Span(self.source, last.start, last.end)
        self._report("SYN017", span, "a block `{ … }` should follow", "add the missing `{`")

    def _report(self, code: str, span: Span, message: str, hint: str | None = None) -> None:
        self.result.problems.append(Diagnostic(code, span, message, hint))

    def _error(self, code: str, start: int, end: int, message: str, hint: str | None) -> None:
        if not self._brackets.hidden:
            self._report(code, Span(self.source, start, end), message, hint)

    def _bad_literal(self, code: str, start: int, error: literals.BadLiteralError) -> None:
        self._error(code, start + error.start, start + error.end, str(error), error.hint)

    @property
    def _after_operand(self) -> bool:
        last = self.result.tokens[-1]
        return last.type in OPERAND_ENDS and last is not self._block_end

    @property
    def _new_line_in_brace(self) -> bool:
        return self._first and self._brackets.in_brace

    def _attached(self, position: int) -> bool:
        following = self.text[position : position + 1]
        return bool(following) and not following.isspace()

    def _line_end(self, start: int) -> int:
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[end - 1 : end] == "\r" else end
