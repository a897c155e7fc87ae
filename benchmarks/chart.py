"""A chart of rates beside those of other queues, as SVG for light and dark backgrounds."""

from collections.abc import Iterator, Sequence
from html import escape

from .measure import Figure

__all__ = ["TITLE", "chart"]

TITLE = "Jobs a second, beside other queues on the same Postgres"

PANELS = {
    "drain, 1 process": "drained by one process",
    "enqueue many": "enqueued by the thousand",
    "enqueue one by one": "enqueued one by one",
}
"""The figures that peers have too, and their titles in the chart."""
OWN = "conduit-async"
_ROW, _LEFT, _WIDTH, _GAP = 24, 130, 460, 40


def chart(figures: Sequence[Figure]) -> str:
    """A panel of bars, in jobs a second, for each figure that peers have too."""
    parts = []
    top = 0
    for name, title in PANELS.items():
        bars = [*_bars(name, figures)]
        if not bars:
            continue
        parts.append(f'<text x="0" y="{top + 16}" font-weight="600">jobs a second {title}</text>')
        top += _ROW
        most = max(rate for _, rate in bars)
        for queue, rate in bars:
            parts.append(_bar(queue, rate, _WIDTH * rate / most, top))
            top += _ROW
        top += _GAP - _ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 70} {top}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#808a98">'
        f"<title>{TITLE}</title>" + "".join(parts) + "</svg>\n"
    )


def _bars(name: str, figures: Sequence[Figure]) -> Iterator[tuple[str, float]]:
    """Each queue and its rate, the fastest first."""
    rates = {}
    for figure in figures:
        peer, _, of = figure.name.partition(": ")
        if of == name:
            rates[peer] = figure.value
        elif figure.name in (name, f"{name}, 1 producer"):
            rates[OWN] = figure.value
    yield from sorted(rates.items(), key=lambda bar: -bar[1])


def _bar(queue: str, rate: float, length: float, top: float) -> str:
    color = "#3b7dd8" if queue == OWN else "#9aa4b2"
    return (
        f'<text x="{_LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(queue)}</text>'
        f'<rect x="{_LEFT}" y="{top + 4}" width="{max(1.0, length):.1f}" height="{_ROW - 8}" '
        f'rx="2" fill="{color}"/>'
        f'<text x="{_LEFT + length + 6:.1f}" y="{top + 16}">{rate:,.0f}</text>'
    )
