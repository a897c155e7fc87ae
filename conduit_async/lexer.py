"""Text to tokens.

One regular expression finds what stands at a place; the token before it, the line breaks between
them and the open brackets decide what it is. A token that continues an operand (a call's `(`, an
index's `[`, a binary `-`) has a type other than one that begins an operand, so that the grammar
needs no terminators between statements.
"""

import re
from dataclasses import dataclass, field

from . import literals
from .brackets import CLOSERS, DEEPEST, Brackets, inserted
from .diagnostics import Diagnostic
from .source import Source, Span
from .tokens import (
    BLOCK_HEADS,
    FIELD_ANNOTATIONS,
    HOOK_ANNOTATIONS,
    INFIX_WORDS,
    KEYWORDS,
    MEMBER_ANNOTATIONS,
    OPERAND_ENDS,
    OPERATORS,
    STATEMENT_WORDS,
    TOKEN,
    Token,
)

_RELATION_WORDS = frozenset({"RELATION", "NESTED", "NAME", "THROUGH", "UNDER", "AS"})
_ARM_STARTS = frozenset({"LBRACE", "RBRACE", "COMMA"})
_ARROW_LAMBDA = re.compile(r"\((?:\s*[A-Za-z_]\w*\s*,)*\s*(?:[A-Za-z_]\w*\s*)?\)\s*=>")
_NEW_RESOURCE = re.compile(r"\s+[A-Za-z_]\w*\s*\{")
_KEY_COLON = re.compile(r"\s*:")
_ATTACHED_COLON = re.compile(r":(?!\w)")
_NO_VALUE = re.compile(r"[ \t\r]*(?:\n|//|\#|\}|$|(?:let|if|unless|return|for)\b(?!\s*:)|@)")
_STATEMENT = re.compile(r"(?:let|if|unless|return|for)[ \t]+\w")
_SYMBOL = re.compile(r":([A-Za-z_][A-Za-z0-9_]*)")
_TEXT = re.compile(r'(?:[^"\\#\n]|\\[^\n]|#(?!\{))+')
_MULTILINE_COMMENT = re.compile(r"###(?!#)(.*?)###", re.DOTALL)
_CLOSING_TAIL = re.compile(r"[)\],;}\s]*\Z")
_QUOTED = re.compile(r"(['‘’“”`])([^'‘’“”`\n]*)['‘’“”`]")


@dataclass
class Lexed:
    """What a source consists of: its tokens, and the doc comment above the token at an offset."""

    tokens: list[Token]
    docs: dict[int, str]
    problems: list[Diagnostic] = field(default_factory=list)


def lex(source: Source, missing: frozenset[int] = frozenset()) -> Lexed:
    """All tokens of a source, the last one `$END`, and what is wrong with them.

    `missing` are the offsets of tokens before which a `{` is missing.

    When a string does not end, the rest of the source reads as text and code in turn. Each string
    that spans lines may be the culprit: the one is taken with which the rest reads best.
    """
    lexer = Lexer(source, missing=missing)
    lexer.run()
    if not lexer.unterminated:
        return lexer.result
    best: Lexed | None = None
    for start in lexer.multiline[:_MOST_GUESSES]:
        guess = Lexer(source, cut=start, missing=missing)
        guess.run()
        if not guess.unterminated and (
            best is None or len(guess.result.problems) < len(best.problems)
        ):
            best = guess.result
            if len(best.problems) == 1:
                break
    if best is None:
        last = Lexer(source, cut_all=True, missing=missing)
        last.run()
        best = last.result
    return best


_MOST_GUESSES = 20


class Lexer:
    """Reads one source once."""

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

    def run(self) -> None:
        """Read everything."""
        find = TOKEN.match
        text = self.text
        position = 0
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
                if self._strings and self._cuts(self._strings[0]):
                    self._force_string_end(found.start("newline"))
            elif kind == "word" or kind == "suffix":
                position = self._word(found)
            elif kind == "op":
                word = found["op"]
                position = found.end()
                self._emit(operators[word], word, position - len(word), position)
            elif kind == "end":
                break
            else:
                assert kind is not None
                position = handlers[kind](found[kind], found.start(kind))
        self._brackets.close_at_end()
        end = len(text)
        self.result.tokens.append(Token("$END", "", end, end, True, 0))
        del self.result.tokens[0]

    # Emitting

    def _emit(self, type: str, text: str, start: int, end: int) -> None:
        brackets = self._brackets.stack
        if start in self._missing and len(brackets) < DEEPEST:
            self._report_missing()
            self._insert("LBRACE")
            self._brackets.open("{", start, "block")
        if len(brackets) > DEEPEST:
            self._first = False
            return
        if self._doc:
            self._take_doc(start)
        self.result.tokens.append(Token(type, text, start, end, self._first, len(brackets)))
        self._first = False

    def _insert(self, type: str) -> None:
        tokens = self.result.tokens
        tokens.append(inserted(type, tokens[-1].end, len(self._brackets.stack)))

    def _report_missing(self) -> None:
        last = self.result.tokens[-1]
        span = Span(self.source, last.start, last.end)
        self._report("SYN017", span, "A block `{ … }` should follow", "Add the missing `{`.")

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

    # Words

    def _word(self, found: re.Match[str]) -> int:
        word, suffix = found["word"], found["suffix"]
        start, end = found.span("word")
        previous = self.result.tokens[-1].type
        if not word.isascii():
            self._bad_name(word, start, end, previous)
            type = "NAME"
        elif previous == "DOT" and not (self._first and _STATEMENT.match(self.text, start)):
            type = "NAME"
        elif word in KEYWORDS:
            type = self._keyword(word, end, suffix)
            if type != "NAME" and suffix == "!":
                suffix = None
        elif previous in _RELATION_WORDS and self._relation:
            type = self._relation_word(word, end, previous)
        elif word == "when" and previous in _ARM_STARTS:
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

    def _bad_name(self, word: str, start: int, end: int, previous: str) -> None:
        code, what = ("SYN003", "resource") if previous == "RESOURCE" else ("SYN004", "")
        self._error(
            code,
            start,
            end,
            f"`{literals.shorten(word)}` is not a {what + ' ' if what else ''}name",
            "Names consist of the letters a to z, digits and underscores.",
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
            if word == "as" and re.compile(r'\s*"').match(self.text, end):
                return "AS"
            if word == "through" and previous == "NAME":
                return "THROUGH"
            if word == "under" and previous == "NESTED":
                return "UNDER"
        return "NAME"

    def _when(self, end: int) -> str:
        stack = self._brackets.stack
        in_match = bool(stack) and stack[-1].role == "match"
        is_pattern = re.compile(r"\s*(?:=>|\.(?!\.)|,)").match(self.text, end)
        return "WHEN" if in_match and not is_pattern else "NAME"

    def _is_resource(self, end: int) -> bool:
        if self._brackets.stack:
            if not (self._first and _NEW_RESOURCE.match(self.text, end)):
                return False
            self._brackets.close_to(0)
        return True

    def _repair_to_brace(self) -> None:
        """Close the `(` and `[` that are open inside the innermost block."""
        stack = self._brackets.stack
        depth = len(stack)
        while depth and stack[depth - 1].bracket in "([":
            depth -= 1
        if depth and depth < len(stack) and stack[depth - 1].bracket == "{":
            self._brackets.close_to(depth)

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
        elif self._first or not stack or self.result.tokens[-1].type in ("LBRACE", "COMMA"):
            type = "AT"
        else:
            type = "FIELD_AT"
        self._relation = type in ("RELATION", "NESTED")
        self._emit(type, text, start, end)
        return end

    # Operators and brackets

    def _open(self, bracket: str, start: int) -> int:
        previous = self.result.tokens[-1].type
        operand = self._after_operand
        role = ""
        if bracket == "{":
            type = "LBRACE"
            if previous in BLOCK_HEADS:
                role = "match" if self._opens_match() else "block"
        elif operand and not self._new_line_in_brace:
            type = "_CALL" if bracket == "(" else "_INDEX"
        elif bracket == "(":
            type = "_ARROW_PAREN" if _ARROW_LAMBDA.match(self.text, start) else "LPAR"
        else:
            type = "LSQB"
        if len(self._brackets.stack) == DEEPEST:
            type = "BAD"
        self._emit(type, bracket, start, start + 1)
        self._brackets.open(bracket, start, role)
        return start + 1

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
        binary = self._after_operand and not (self._new_line_in_brace and self._attached(end))
        self._emit("MINUS" if binary else "NEGATE", "-", start, end)
        return end

    def _bang(self, _: str, start: int) -> int:
        unwraps = self._after_operand and self.result.tokens[-1].end == start
        self._emit("_BANG" if unwraps else "NOT", "!", start, start + 1)
        return start + 1

    def _slash(self, _: str, start: int) -> int:
        end = start + 1
        found = literals.REGEX.match(self.text, start)
        if self._after_operand and not (found and self._new_line_in_brace and self._attached(end)):
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
            "SYN007", start, line_end, "This regular expression is not closed on its line",
            "Close it with `/`; inside it a slash is written `\\/`.",
        )  # fmt: skip
        tail = _CLOSING_TAIL.search(self.text, end, line_end)
        assert tail is not None
        self._emit("BAD", self.text[start : tail.start()], start, tail.start())
        return max(tail.start(), end)

    def _pipe(self, text: str, start: int) -> int:
        end = start + len(text)
        type = "PIPE" if text == "|" else "OR" if self._after_operand else "_EMPTY_PIPES"
        self._emit(type, text, start, end)
        return end

    def _attached(self, position: int) -> bool:
        following = self.text[position : position + 1]
        return bool(following) and not following.isspace()

    def _line_end(self, start: int) -> int:
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[end - 1 : end] == "\r" else end

    # Literals

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

    def _string(self, text: str, start: int) -> int:
        if "\n" in text:
            if not self._strings:
                self.multiline.append(start)
            if self._cuts(self._strings[0] if self._strings else start):
                return self._quote('"', start)
        self._emit("STRING", text[1:-1], start, start + len(text))
        return start + len(text)

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
                self._strings.pop()
                return position + 1
            if following == "#":
                self._emit_text(start, position)
                self._emit("_INTERPOLATE", "#{", position, position + 2)
                self._brackets.open("#{", position)
                return position + 2
            if not following or (following == "\\" and position + 1 == len(text)):
                self.unterminated = True
                self._emit_text(start, position)
                self._force_string_end(len(text))
                return len(text)
            if self._cuts(outermost):
                tail = _CLOSING_TAIL.search(text, start, self._line_end(position))
                assert tail is not None
                self._emit_text(start, tail.start())
                self._force_string_end(tail.start())
                return tail.start()
            if outermost not in self.multiline[-1:]:
                self.multiline.append(outermost)
            position += 1 if following == "\n" else 2

    def _cuts(self, outermost: int) -> bool:
        return self._cut_all or outermost == self._cut

    def _emit_text(self, start: int, end: int) -> None:
        if end > start:
            self._emit("TEXT", self.text[start:end], start, end)

    def _force_string_end(self, position: int) -> None:
        """End all open strings here, and report the outermost one as not closed."""
        brackets = self._brackets
        outermost = self._strings[0]
        self._error(
            "SYN007", outermost, self._line_end(outermost), "This string is not closed",
            'Close it with `"`, or with `}` when an interpolation in it is open.',
        )  # fmt: skip
        while self._strings:
            if not brackets.hidden:
                self._insert("_QUOTE_END")
            self._strings.pop()
            if self._strings:
                while brackets.stack:
                    hidden = brackets.hidden
                    bracket = brackets.stack.pop().bracket
                    if not hidden:
                        self._insert(CLOSERS[bracket][0])
                    if bracket == "#{":
                        break

    # What is no token

    def _comment(self, text: str, start: int) -> int:
        end = start + len(text)
        if text.startswith("###") and not text.startswith("####"):
            found = _MULTILINE_COMMENT.match(self.text, start)
            if found:
                self._first = self._first or "\n" in found[0]
                return found.end()
            self._error(
                "SYN010", start, start + 3, "The file ends before this `###` comment is closed",
                "Close it with `###`.",
            )  # fmt: skip
        elif text.startswith("///") and not text.startswith("////") and self._first:
            if self.text.count("\n", self._doc_end, start) != 1:
                self._doc.clear()
            self._doc.append(text[3:].removeprefix(" ").rstrip())
            self._doc_end = end
        return end

    def _take_doc(self, start: int) -> None:
        if self.text.count("\n", self._doc_end, start) == 1:
            self.result.docs[start] = "\n".join(self._doc)
        self._doc.clear()

    def _bad(self, text: str, start: int) -> int:
        end = start + len(text)
        quoted = _QUOTED.match(self.text, start)
        if quoted:
            self._error(
                "SYN001", start, quoted.end(), f"`{quoted[1]}` does not begin a string",
                'Strings are written in double quotes: `"…"`.',
            )  # fmt: skip
            self._emit("BAD", quoted[0], start, quoted.end())
            return quoted.end()
        message, hint = f"`{literals.shorten(text)}` means nothing here", None
        if text == ";":
            message, hint = "`;` is not needed", "Remove it: a statement ends by itself."
        elif text == "&":
            message, hint = "There is no operator `&`", "Write `&&` for a logical and."
        elif text == "@":
            message, hint = "A name follows `@` directly", None
        elif not text.isprintable():
            names = " ".join(f"U+{ord(char):04X}" for char in text[:5])
            message, hint = f"A character that cannot be seen stands here ({names})", "Remove it."
        self._error("SYN001", start, end, message, hint)
        return end
