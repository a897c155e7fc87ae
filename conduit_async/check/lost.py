"""Names whose declaration did not parse: what is said of them would only be a consequence."""

import re

from ..source import Source
from .world import World


def lost_local(world: World, source: Source, name: str) -> bool:
    """Whether a `let` or `for` that did not parse may have declared a local."""
    plain = re.escape(name)
    pattern = rf"\b(?:let|for|mut|const|var)\s+{plain}\b|\|[^|]*\b{plain}\b|\b{plain}\s*:="
    return _stands(world, source, pattern)


def lost_member(world: World, resource: str, name: str) -> bool:
    """Whether a field, relation or function of a resource may not have parsed."""
    info = world.resources.get(resource)
    plain = re.escape(name)
    pattern = rf'(?<![.\w]){plain}\s*:|(?<![.\w]){plain}\s+[\w{{]|\s{plain}\(|"{plain}"'
    return info is not None and _stands(world, info.node.span.source, pattern)


def lost_resource(world: World, name: str) -> bool:
    """Whether a resource may not have parsed."""
    pattern = rf"\bresource\s+{re.escape(name)}\b"
    return any(_stands(world, source, pattern) for source in world.unparsed)


def _stands(world: World, source: Source, pattern: str) -> bool:
    return source in world.unparsed and re.search(pattern, source.text) is not None
