"""The boxes of graphs, and the SVG around them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conduit_runtime.model.text.printable import one_line
from markupsafe import Markup

WIDTH, HEIGHT, LINE = 220, 40, 17
"""Width and height of a node, and the height of each further line of text in it, in pixels."""
_LETTER, _SMALL_LETTER, _PADDING = 6.7, 5.8, 12
_ARROW = Markup(
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path class="edge" d="M1 1l6 3-6 3"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a graph.

    `look` is its class, such as a status; `notes` are lines of small text below its label.
    """

    id: str
    label: str
    notes: Sequence[str] = ()
    look: str = ""
    href: str | None = None


def picture(
    inner: Iterable[Markup], name: str, *, x: float, y: float, width: float, height: float
) -> Markup:
    """The SVG of the elements in these bounds; `name` describes it to screen readers."""
    return Markup(
        '<svg width="{w:.0f}" height="{h:.0f}" viewBox="{x:.1f} {y:.1f} {w:.1f} {h:.1f}" '
        'role="group" aria-label="{name}">{inner}</svg>'
    ).format(x=x, y=y, w=width, h=height, name=name, inner=Markup("\n").join([_ARROW, *inner]))


def height_of(node: Node) -> float:
    """The height of a node's box, in pixels."""
    return HEIGHT + LINE * len(node.notes)


def box(node: Node, x: float, y: float) -> Markup:
    """A node with its top left corner at this place; it is a link if the node has an address."""
    lines = [
        Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(
            "quiet" if number else "",
            x + _PADDING,
            y + 25 + LINE * number,
            _shortened(text, (WIDTH - 2 * _PADDING) / (_SMALL_LETTER if number else _LETTER)),
        )
        for number, text in enumerate([node.label, *node.notes])
    ]
    drawn = Markup(
        '<g class="node {look}"><title>{title}</title>'
        '<rect x="{x:.1f}" y="{y:.1f}" width="{w}" height="{h}" rx="6"/>{lines}</g>'
    ).format(
        look=node.look,
        title=one_line(", ".join([node.label, *node.notes])),
        x=x,
        y=y,
        w=WIDTH,
        h=height_of(node),
        lines=Markup("").join(lines),
    )
    return Markup('<a href="{}">{}</a>').format(node.href, drawn) if node.href else drawn


def _shortened(text: str, letters: float) -> str:
    """The text shortened to one line in its middle: both ends of a type's name identify it."""
    text = one_line(text)
    if len(text) <= letters:
        return text
    half = int(letters) // 2
    return f"{text[: half - 1]}…{text[-half:]}"
