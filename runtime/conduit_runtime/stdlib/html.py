"""`HTML`."""

import html
import re

from ._namespace import namespace, properties

_MARKUP = re.compile(
    r"""<!--.*?(?:-->|\Z)
      | <(script|style)\b(?>"[^"]*"|'[^']*'|[^"'<>])*>.*?(?:</\1\s*>|\Z)
      | </?[a-z](?>"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^"'<>])*(?:>|(?=<)|\Z)
      | <[!?][^<>]*(?:>|\Z)""",
    re.I | re.S | re.X,
)
"""No sanitizer such as nh3: the result is text, not HTML, so `R&D < 3` and line breaks stay.

It accepts every text, and takes linear time.
"""

_MOST_PASSES = 20


@namespace
class HTML:
    """Functions of HTML."""

    @staticmethod
    @properties("method", "total")
    def strip_tags(text: str) -> str:
        """The text without tags, comments and scripts.

        Entities stay as they are, so that the result is as safe to show as the text was.
        """
        # the text around a removed tag may form a new tag
        for _ in range(_MOST_PASSES):
            stripped = _MARKUP.sub("", text)
            if stripped == text:
                return text
            text = stripped
        return text.replace("<", "")

    @staticmethod
    @properties("method", "total")
    def escape(text: str) -> str:
        """The text with `& < > " '` as entities."""
        return html.escape(text, quote=True)

    @staticmethod
    @properties("method", "total")
    def unescape(text: str) -> str:
        """The text with entities as characters."""
        return html.unescape(text)
