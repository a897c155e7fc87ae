"""The colours of Conduit's words."""

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, include, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from conduit_async.tokens import KEYWORDS


class ConduitLexer(RegexLexer):
    """Tokens for highlighting; `conduit_async.lexer` is the language's own."""

    name = "Conduit"
    aliases: ClassVar = ["conduit"]
    tokens: ClassVar = {
        "root": [
            (r"\}", Punctuation, "#pop"),
            include("code"),
        ],
        "code": [
            (r"\s+", Whitespace),
            (r"#.*", Comment),
            (r"//.*", Comment),
            (r"@\w+", Name.Decorator),
            (r"\b(resource)(\s+)(\w+)", bygroups(Keyword, Whitespace, Name.Class)),
            (words(KEYWORDS, prefix=r"\b", suffix=r"\b(?!:)"), Keyword),
            (r"[a-z]\w*[?!]?(?=:)", Name.Attribute),
            (r":[a-z]\w*", String.Symbol),
            (r"[A-Z]\w*", Name.Class),
            (r"[a-z_]\w*[?!]?", Name),
            (r"\d[\d_]*(\.\d+)?", Number),
            (r'"', String, "string"),
            (r"\{", Punctuation, "root"),
            (r"[\[\](),.;]", Punctuation),
            (r"[^\w\s]", Operator),
        ],
        "string": [
            (r'"', String, "#pop"),
            (r"\\.", String.Escape),
            (r"#\{", String.Interpol, "root"),
            (r'[^"\\#]+|#', String),
        ],
    }
