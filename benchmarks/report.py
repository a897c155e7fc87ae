"""Shows the figures: a table on the terminal, JSON, a chart."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from rich.console import Console
from rich.markup import escape as plain
from rich.table import Table

from .measure import Figure

_MARK = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}


def line(figure: Figure) -> str:
    """One figure on one line, shown as soon as it is measured."""
    ratio = f", {figure.ratio:.2f} of {figure.limit_name}" if figure.ratio is not None else ""
    return f"{figure.name}: {_number(figure.value)} {figure.unit}{ratio}"


def show(console: Console, machine: Mapping[str, str], figures: Sequence[Figure]) -> None:
    """The table of all figures, below what they hold for."""
    for name, value in machine.items():
        console.print(f"[dim]{name}:[/] {plain(value)}", highlight=False)
    table = Table("figure", "median", "runs", "ratio", "of", "to reach", "", box=None)
    for figure in figures:
        runs = " ".join(_number(run) for run in figure.runs)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        sign = "≤" if figure.less_is_better else "≥"
        target = "" if figure.target is None else f"{sign} {figure.target:g}"
        value = f"{_number(figure.value)} {figure.unit}"
        table.add_row(
            plain(figure.name), value, runs, ratio, figure.limit_name, target, _MARK[figure.is_met]
        )
        if figure.note:
            table.add_row(f"  [dim]{plain(figure.note)}[/]")
    console.print(table)


def write(folder: Path, machine: Mapping[str, str], figures: Sequence[Figure]) -> None:
    """`results.json` and `chart.svg` in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {"machine": dict(machine), "figures": [figure.as_json() for figure in figures]}
    text = json.dumps(data, indent=2, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    rates = [figure for figure in figures if figure.unit == "jobs/s"]
    (folder / "chart.svg").write_text(_chart(rates), encoding="utf-8")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _chart(figures: Sequence[Figure]) -> str:
    """Horizontal bars, one a figure, as SVG that reads on light and on dark ground."""
    row, left, width = 26, 300, 460
    most = max((figure.value for figure in figures), default=1.0)
    bars = []
    for index, figure in enumerate(figures):
        top = index * row
        length = max(1.0, width * figure.value / most)
        own = figure.name.startswith(("drain", "enqueue"))
        bars.append(
            f'<text x="{left - 8}" y="{top + 17}" text-anchor="end">{escape(figure.name)}</text>'
            f'<rect x="{left}" y="{top + 4}" width="{length:.1f}" height="{row - 8}" rx="2" '
            f'fill="{"#3b7dd8" if own else "#9aa4b2"}"/>'
            f'<text x="{left + length + 6:.1f}" y="{top + 17}">{figure.value:,.0f}</text>'
        )
    height = row * len(figures)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 80} {height + 4}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#808a98">'
        "<title>Jobs a second</title>" + "".join(bars) + "</svg>\n"
    )
