"""Tokens, and the tables that say what a word or an operator is.

The types are the terminals of `grammar/conduit.lark`.
"""

import re

from msgspec import Struct


class Token(Struct, eq=False):
    """A terminal of the grammar and its offsets.

    `first` says that it is the first on its line, `depth` is the number of brackets around it. A
    token of no width is not in the source: a repair inserted it.
    """

    type: str
    text: str
    start: int
    end: int
    first: bool = False
    depth: int = 0


KEYWORDS = {
    "let": "LET", "if": "IF", "elsif": "ELSIF", "else": "ELSE", "unless": "UNLESS",
    "return": "RETURN", "match": "MATCH", "for": "FOR", "self": "SELF", "true": "TRUE",
    "false": "FALSE", "nil": "NIL", "null": "NIL", "rescue": "RESCUE", "in": "IN",
    "not_in": "NOT_IN", "and": "AND", "or": "OR", "not": "NOT", "enum": "ENUM",
}  # fmt: skip

KEYWORDS_AS_KEYS = frozenset({"in", "not_in", "and", "or", "not", "rescue"})
"""Keywords that are an ordinary key when a colon is attached to them."""

STATEMENT_WORDS = frozenset({"let", "if", "unless", "return", "for"})
"""Keywords that start a statement and are not allowed inside an expression."""

OPERATORS = {
    ".": "DOT", "?.": "DOT", "..": "RANGE", "...": "RANGE", "??": "COALESCE", "?": "QUESTION",
    "||": "OR", "&&": "AND", "==": "EQUALITY", "!=": "EQUALITY", "<": "LESS", ">": "GREATER",
    "<=": "COMPARE", ">=": "COMPARE", "+": "PLUS", "*": "TIMES", "%": "TIMES", "**": "POWER",
    "=": "EQUAL", "=>": "FAT_ARROW", "->": "ARROW", ",": "COMMA", "|": "PIPE",
    "+=": "AUGMENT", "-=": "AUGMENT", "*=": "AUGMENT", "%=": "AUGMENT", "**=": "AUGMENT",
    "??=": "AUGMENT", "||=": "AUGMENT", "&&=": "AUGMENT",
}  # fmt: skip

OPERAND_ENDS = frozenset({
    "NAME", "PREDICATE", "MUTATOR", "INT", "FLOAT", "DURATION", "STRING", "_QUOTE_END", "SYMBOL",
    "REGEX", "SELF", "TRUE", "FALSE", "NIL", "ENUM", "RPAR", "RSQB", "RBRACE", "_BANG", "BAD",
})  # fmt: skip
"""Tokens that complete an operand: after them a `-` subtracts, a `(` calls, a `[` indexes."""

BLOCK_HEADS = OPERAND_ENDS | {
    "ELSE", "PIPE", "_EMPTY_PIPES", "RESCUE", "ASYNC", "TRANSACTION", "HOOK", "RULE", "COMPUTED",
    "SCOPE", "FUNCTION", "AT", "LABEL", "RESOURCE", "GREATER", "FOREIGN",
}  # fmt: skip
"""Tokens after which a `{` opens a block; elsewhere it opens a hash or a struct."""

MEMBER_ANNOTATIONS = {
    "before": "HOOK", "after": "HOOK", "function": "FUNCTION", "computed": "COMPUTED",
    "scope": "SCOPE", "validate": "RULE", "constraint": "RULE", "invariant": "RULE",
    "has_many": "RELATION", "has_one": "RELATION", "belongs_to": "RELATION", "nested": "NESTED",
    "operations": "SETTING", "middleware": "SETTING", "on": "ON",
}  # fmt: skip

HOOK_ANNOTATIONS = {"async": "ASYNC", "transaction": "TRANSACTION"}

FIELD_ANNOTATIONS = frozenset({
    "primary", "auto", "auto_update", "unique", "required", "index", "default", "min", "max",
    "pattern", "was",
})  # fmt: skip

FILE_ANNOTATIONS = frozenset({"strict"})

UNITS = ("second", "minute", "hour", "day", "week")

FOREIGN = "FOREIGN"
"""The type of a token that no rule of the grammar takes: the parser reports it."""

TOKEN = re.compile(
    r"""[ \t\r\f\v]*(?:
      (?P<newline>\n[ \t\r\n]*)
    | (?P<word>(?:[A-Za-z_]|(?![\u00a0\u2000-\u206f\u3000\ufeff])[^\x00-\x7f])
               (?:[A-Za-z0-9_]|(?![\u00a0\u2000-\u206f\u3000\ufeff])[^\x00-\x7f])*)
      (?P<suffix>\?(?![.?])|!(?=\())?
    | (?P<op>\.\.\.?|\?\?=?|\?\.|\*\*=?|&&=?|\|\|=|->|=>|===?|!==?|<=|>=|\+=|-=|\*=|%=|[.,<>=*%+?])
    | (?P<open>[({\[])
    | (?P<close>[)}\]])
    | (?P<colon>:)
    | (?P<string>"(?:[^"\\#]|\#(?!\{))*")
    | (?P<quote>")
    | (?P<at>@[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>[0-9][0-9_]*(?:\.[0-9][0-9_]*)*(?:[eE][+-]?[0-9]+)?[A-Za-z0-9_]*)
    | (?P<comment>//[^\n]*|\#[^\n]*)
    | (?P<minus>-)
    | (?P<bang>!)
    | (?P<slash>/)
    | (?P<pipe>\|\|?)
    | (?P<bad>[^\x00-\x7f]+|(?P<same>.)(?P=same)*)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
