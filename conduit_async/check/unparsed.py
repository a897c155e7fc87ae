"""Names whose declaration did not parse: what is said of them would only be a consequence."""

import re
from functools import lru_cache

from ..source import Source
from .environment import Environment

_LOCAL = re.compile(r"\b(?:let|for|const|var)\s+(?:mut\s+)?(\w+)|\b(\w+)\s*:=")
_WITHOUT_NAME = re.compile(r"\blet\s*[=:]")
_NAMELESS_FIELD = r"\A\s*:"
_NAMELESS = ""
"""Matches any name, when a `let` lacks its own."""

_PARAMETERS = re.compile(r"\|([^|\n]{1,200})")
_MEMBER = re.compile(
    r"(?<![.\w])(\w+)\s*:|(?:@?function|def|fn|func|@computed|@scope)\s+(\w+)|as\s+\"(\w+)\""
)
_NAMELESS_RESOURCE = re.compile(r"\bresource\s*\{")
_RESOURCE = re.compile(r"\bresource\s+(\w+)")


def is_unparsed_local(env: Environment, source: Source, name: str) -> bool:
    """Whether a `let` or `for` that did not parse may have declared a local."""
    if source not in env.files_with_errors:
        return False
    if not name[:1].isupper() and name in env.unparsed_words(source):
        return True
    return name in _locals(source) or _NAMELESS in _locals(source)


def is_unparsed_member(env: Environment, resource: str, name: str) -> bool:
    """Whether a field, relation or function of a resource may not have parsed."""
    info = env.resources.get(resource)
    if info is None:
        return False
    source = info.node.span.source
    if source not in env.files_with_errors:
        return False
    plain = name.rstrip("?!")
    if plain in _found(_MEMBER, source) or plain in env.unparsed_words(source):
        return True
    return bool(env.unparsed_words(source, _NAMELESS_FIELD))


def is_unparsed_resource(env: Environment, name: str) -> bool:
    """Whether a resource may not have parsed."""
    return any(
        name in _found(_RESOURCE, source)
        or name in env.unparsed_words(source)
        or _NAMELESS_RESOURCE.search(source.text)
        for source in env.files_with_errors
    )


@lru_cache(maxsize=64)
def _locals(source: Source) -> frozenset[str]:
    parameters = " ".join(_PARAMETERS.findall(source.text))
    found = _found(_LOCAL, source) | frozenset(re.findall(r"\w+", parameters))
    return found | {_NAMELESS} if _WITHOUT_NAME.search(source.text) else found


@lru_cache(maxsize=64)
def _found(pattern: re.Pattern[str], source: Source) -> frozenset[str]:
    """The names that a pattern finds in a source."""
    return frozenset(found[found.lastindex or 0] for found in pattern.finditer(source.text))
