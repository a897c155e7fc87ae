"""Names whose declaration may not have parsed; reports of them would only be consequences.

An unparsed declaration without a name may declare any name, and so may a source whose braces
displace its declarations.
"""

from ..program import ResourceInfo
from ..source import Source
from .environment import Environment

_NAMELESS_LOCAL = r"\blet\s*[=:]"
_NAMELESS_FIELD = r"\A\s*:"
_NAMELESS_RESOURCE = r"\bresource\s*\{"


def is_unparsed_local(env: Environment, source: Source, name: str) -> bool:
    """Whether a `let` or `for` that did not parse may have declared a local."""
    is_word = not name[:1].isupper() and name in env.unparsed_words(source)
    return is_word or bool(env.unparsed_words(source, _NAMELESS_LOCAL))


def is_unparsed_member(env: Environment, info: ResourceInfo, name: str) -> bool:
    """Whether a field, relation or function of a resource may not have parsed."""
    source, plain = info.node.span.source, name.rstrip("?!")
    if source in env.unparsed.unbalanced:
        return True
    if source in env.unparsed.sources and plain in info.columns:
        return True  # the `?` may belong to what did not parse
    is_word = plain in env.unparsed_words(source)
    return is_word or bool(env.unparsed_words(source, _NAMELESS_FIELD))


def is_unparsed_resource(env: Environment, name: str) -> bool:
    """Whether a resource may not have parsed."""
    return bool(env.unparsed.displaced) or any(
        name in env.unparsed_words(source) or env.unparsed_words(source, _NAMELESS_RESOURCE)
        for source in env.unparsed.sources
    )
