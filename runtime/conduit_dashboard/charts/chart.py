"""Draws charts over parts of a period: stacked bars, or lines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from markupsafe import Markup

_WIDTH, _HEIGHT = 400.0, 150.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 6.0, 8.0, 20.0
_PLOT = _WIDTH - _LEFT - _RIGHT
_FLOOR = _HEIGHT - _BOTTOM
_GAP = 0.2
"""The part of a bar's width that stays empty."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a chart's bars or of a line, one for each part (None if there is no value).

    `look` is a class, to which the page's style gives a colour and a dash.
    """

    look: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. `top` is the value at the upper edge; `label` makes the text of a value on the axis.

    `hints` describe each part, for the mouse. `summary` describes the chart, for screen readers.
    `since` is the label of the left end, as in "1 h ago". In a chart of bars, later `values` stand
    on earlier ones.
    """

    summary: str
    values: Sequence[Values]
    hints: Sequence[str]
    top: float
    label: Callable[[float], str]
    since: str


def bars(chart: Chart) -> Markup:
    """The chart with bars. The last part is not over, so its bar has the class `present`."""
    svg = _frame(chart)
    width = _PLOT / len(chart.hints)
    for at, part in enumerate(_parts(svg, chart)):
        below = 0.0
        for each in chart.values:
            value = each.values[at] or 0.0
            if value:
                height = _FLOOR - _y(value, chart)
                x, y = _LEFT + (at + _GAP / 2) * width, _FLOOR - below - height
                box = _box(x, y, width * (1 - _GAP), height)
                ET.SubElement(part, "rect", {"class": each.look, **box})
                below += height
    return _markup(svg)


def lines(chart: Chart) -> Markup:
    """The chart with a line for each of its values, with gaps where there is none."""
    svg = _frame(chart)
    list(_parts(svg, chart))
    for each in chart.values:
        if path := " ".join(_path(each.values, chart)):
            ET.SubElement(svg, "path", {"class": each.look, "d": path, "fill": "none"})
    return _markup(svg)


def _frame(chart: Chart) -> ET.Element:
    """The axes."""
    box = f"0 0 {_WIDTH:g} {_HEIGHT:g}"
    svg = ET.Element(
        "svg", {"class": "chart", "viewBox": box, "role": "img", "aria-label": chart.summary}
    )
    for share in (0.0, 0.5, 1.0):
        y = _FLOOR - share * (_FLOOR - _TOP)
        ends = {"x1": f"{_LEFT:g}", "x2": f"{_WIDTH - _RIGHT:g}", "y1": f"{y:g}", "y2": f"{y:g}"}
        ET.SubElement(svg, "line", {"class": "grid", **ends})
        _text(svg, _LEFT - 5, y + 4, "end", chart.label(share * chart.top))
    _text(svg, _LEFT, _HEIGHT - 5, "start", chart.since)
    _text(svg, _WIDTH - _RIGHT, _HEIGHT - 5, "end", "now")
    return svg


def _parts(svg: ET.Element, chart: Chart) -> Iterator[ET.Element]:
    """A group for each part, with its hint for the mouse."""
    width = _PLOT / len(chart.hints)
    for at, hint in enumerate(chart.hints):
        present = " present" if at == len(chart.hints) - 1 else ""
        part = ET.SubElement(svg, "g", {"class": f"part{present}"})
        ET.SubElement(part, "title").text = hint
        area = _box(_LEFT + at * width, _TOP, width, _FLOOR - _TOP)
        ET.SubElement(part, "rect", {"class": "hit", "fill": "transparent", **area})
        yield part


def _path(values: Sequence[float | None], chart: Chart) -> Iterator[str]:
    """A line through the middle of the parts; a value between gaps is a dot."""
    width = _PLOT / len(values)
    before: float | None = None
    for at, value in enumerate(values):
        if value is not None:
            point = f"{_LEFT + (at + 0.5) * width:.1f} {_y(value, chart):.1f}"
            yield f"M{point} h0" if before is None else f"L{point}"
        before = value


def _y(value: float, chart: Chart) -> float:
    return _FLOOR - min(1.0, value / chart.top) * (_FLOOR - _TOP)


def _box(x: float, y: float, width: float, height: float) -> dict[str, str]:
    sides = {"x": x, "y": y, "width": width, "height": height}
    return {name: f"{side:.1f}" for name, side in sides.items()}


def _text(svg: ET.Element, x: float, y: float, anchor: str, text: str) -> None:
    place = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}
    ET.SubElement(svg, "text", place).text = text


def _markup(svg: ET.Element) -> Markup:
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704
