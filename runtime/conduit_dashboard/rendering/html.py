"""The templates, and what they may call."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from ..job.payload_table import in_text
from ..job.tracebacks import parts_of
from ..page import Page, Visit, segment
from . import actions, texts
from .drawing import drawing

_MARKER = re.compile(r"<!--live:(\w+)-->(.*?)<!--/live:\1-->", re.DOTALL)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("conduit_dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "ago": texts.ago,
        "duration": texts.duration,
        "number": texts.number,
        "printable": texts.printable,
        "printable_lines": texts.printable_lines,
        "segment": segment,
        "target": actions.target,
        "json_text": in_text,
        "traceback_parts": parts_of,
    }
    made.globals |= {"live": _live, "drawing": drawing}
    return made


@pass_context
def _live(context: Context, name: str, caller: Any) -> Markup:
    """A region that is replaced when it changes: `{% call live("name") %}…{% endcall %}`."""
    return Markup('<div data-live="{0}"><!--live:{0}-->{1}<!--/live:{0}--></div>').format(
        name, caller()
    )


def render(page: Page, visit: Visit, **more: Any) -> str:
    """The page as HTML."""
    template = _environment().get_template(page.template)
    return template.render({**page.data, "title": page.title, "visit": visit, **more})


def regions(html: str) -> Mapping[str, str]:
    """The live regions of a rendered page, by name.

    Values are escaped, so none of them can look like the comments that mark a region.
    """
    return {found[1]: found[2] for found in _MARKER.finditer(html)}
