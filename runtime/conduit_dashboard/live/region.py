"""A part of a page that is replaced when its content changes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

_AGE = re.compile(r"(<time\b[^>]*>)[^<]*")


@dataclass(frozen=True, slots=True)
class Region:
    """The HTML of a region, and a version that changes with the content."""

    html: str
    version: str


Regions = Mapping[str, Region]
"""The regions of a page, by name."""


def region(html: str) -> Region:
    """A region with this HTML.

    Its version ignores the words in a `<time>`, because the browser updates these itself.
    """
    shown = _AGE.sub(r"\1", html).encode()
    return Region(str(html), blake2b(shown, digest_size=8).hexdigest())  # of a Markup, too


def changed(old: Regions, new: Regions) -> dict[str, Region]:
    """The regions whose content has changed; a region that is gone becomes empty."""
    gone = {name: region("") for name in old if name not in new}
    return gone | {
        name: each
        for name, each in new.items()
        if name not in old or old[name].version != each.version
    }
