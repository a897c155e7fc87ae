"""Names whose declaration may not have parsed; reports of them would only be consequences.

An unparsed declaration without a name may declare any name, and so may a source whose braces
displace its declarations.
"""

from ..program import ResourceInfo
from ..source import Source
from ..types import required
from .environment import Environment
from .lattice import InvalidType

_NAMELESS_LOCAL = r"\blet\s*[=:]"
_NAMELESS_FIELD = r"\A\s*:"
_NAMELESS_FUNCTION = r"@function\s*\("
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
    column = info.columns.get(plain.removesuffix("_id"))
    if column is not None and isinstance(required(column.type), InvalidType):
        return True  # the key of a relation to a resource that is misspelt
    is_word = plain in env.unparsed_words(source)
    return is_word or bool(env.unparsed_words(source, _NAMELESS_FIELD))


def is_unparsed_function(env: Environment, info: ResourceInfo, name: str) -> bool:
    """Whether a function of a resource may not have parsed."""
    is_nameless = bool(env.unparsed_words(info.node.span.source, _NAMELESS_FUNCTION))
    return is_nameless or is_unparsed_member(env, info, name)


def is_nameless_resource(env: Environment) -> bool:
    """Whether a resource may have lost its name."""
    sources = env.unparsed.sources
    return any(env.unparsed_words(source, _NAMELESS_RESOURCE) for source in sources)


def is_unparsed_resource(env: Environment, name: str) -> bool:
    """Whether a resource may not have parsed."""
    return (
        bool(env.unparsed.displaced)
        or is_nameless_resource(env)
        or any(name in env.unparsed_words(source) for source in env.unparsed.sources)
    )
