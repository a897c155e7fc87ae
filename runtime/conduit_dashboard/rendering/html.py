"""The templates, and the functions that they may call."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from ..attention import alike
from ..charts.history import figures
from ..flow.layers import in_layers
from ..job.payload_table import in_text
from ..job.tracebacks import parts_of
from ..live.region import Region, Regions, region
from ..page import Page, Visit, segment
from ..types.columns import in_columns
from ..types.graph import FAILING, MOSTLY
from . import actions, texts


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
        "alike": alike,
        "duration": texts.duration,
        "number": texts.number,
        "percent": texts.percent,
        "printable": texts.printable,
        "printable_lines": texts.printable_lines,
        "segment": segment,
        "target": actions.target,
        "made": actions.made,
        "json_text": in_text,
        "traceback_parts": parts_of,
    }
    made.globals |= {
        "live": _live,
        "in_columns": in_columns,
        "FAILING": FAILING,
        "MOSTLY": MOSTLY,
        "in_layers": in_layers,
        "figures": figures,
    }
    return made


@pass_context
def _live(context: Context, name: str, caller: Callable[[], Markup]) -> Markup:
    """A region that the browser replaces if it changes: `{% call live("name") %}…{% endcall %}`."""
    found = context["regions"]
    assert name not in found, f"two live regions are named {name!r}"
    html = caller()
    found[name] = each = region(html)
    wrapper = Markup('<div data-live="{}" data-version="{}">{}</div>')
    return wrapper.format(name, each.version, html)


def render(page: Page, visit: Visit, **more: Any) -> str:
    """The page as HTML."""
    return _render(page, visit, {}, more)


def render_regions(page: Page, visit: Visit, **more: Any) -> Regions:
    """The live regions of the page."""
    found: dict[str, Region] = {}
    _render(page, visit, found, more)
    return found


def _render(page: Page, visit: Visit, regions: dict[str, Region], more: Mapping[str, Any]) -> str:
    template = _environment().get_template(page.template)
    frame = {"title": page.title, "visit": visit, "regions": regions, "now": datetime.now(UTC)}
    return template.render({**page.data, **frame, **more})
