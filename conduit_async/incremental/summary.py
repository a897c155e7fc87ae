"""What is known of each source after a compilation, as plain data."""

import re
from dataclasses import dataclass
from hashlib import sha256

from ..link.services import Calls


@dataclass(frozen=True)
class SourceSummary:
    """What one source shows to other sources, and what it takes from them.

    `text` is a digest of the source, `declared` of what others may see of it. `events` are those
    of its hooks, `columns` those of each resource, `attributes` the fields whose names could be
    those of classes, `classes` the names that its classes have, and would have if they gave way to
    none. `mentions` are the resources of the program that its text names, `uses` those that were
    looked up by its code, or by code of others that it reaches; `services` is how it calls them.
    """

    text: str
    declared: str
    events: list[str]
    columns: dict[str, list[str]]
    attributes: list[str]
    classes: list[str]
    mentions: list[str]
    uses: list[str]
    services: Calls


def words(text: str) -> set[str]:
    """All names in a text."""
    return set(re.findall(r"[^\W\d]\w*", text))


def digest(text: str) -> str:
    """Stands for a text."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
