"""Links from a page to files of the repository outside `docs/`, which the site lacks."""

import re
from pathlib import Path

from sphinx.application import Sphinx

_LINK = re.compile(r"\[([^\]\n]+)\]\(((?:\.\./)+[^)\s#]+)[^)\s]*\)")


def unlink(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace such a link by its words. A link to a missing file stays, and Sphinx reports it."""
    docs = Path(app.srcdir).resolve()

    def words(link: re.Match[str]) -> str:
        path = Path(docs, page).parent.joinpath(link[2]).resolve()
        outside = path.exists() and not path.is_relative_to(docs)
        return link[1] if outside else link[0]

    source[0] = _LINK.sub(words, source[0])
