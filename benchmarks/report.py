"""Shows the figures: on the terminal, in Markdown, as JSON, as a chart."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from rich.console import Console
from rich.markup import escape as plain
from rich.table import Table

from .broker.summary import summary
from .chart import TITLE, chart
from .measure import Figure, number

_MARK = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}


def line(figure: Figure) -> str:
    """One figure on one line, shown as soon as it is measured."""
    ratio = f", {figure.ratio:.2f} of {figure.limit_name}" if figure.ratio is not None else ""
    return f"{figure.name}: {number(figure.value)} {figure.unit}{ratio}"


def show(console: Console, machine: Mapping[str, str], figures: Sequence[Figure]) -> None:
    """The setup, and below it the table of all figures."""
    for name, value in machine.items():
        console.print(f"[dim]{name}:[/] {plain(value)}", highlight=False)
    table = Table("figure", "median", "runs", "ratio", "of", "to reach", "", box=None)
    for figure in figures:
        runs = " ".join(number(run) for run in figure.runs)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        sign = "≤" if figure.less_is_better else "≥"
        target = "" if figure.target is None else f"{sign} {figure.target:g}"
        value = f"{number(figure.value)} {figure.unit}"
        table.add_row(
            plain(figure.name), value, runs, ratio, figure.limit_name, target, _MARK[figure.is_met]
        )
        if figure.note:
            table.add_row(f"  [dim]{plain(figure.note)}[/]")
    console.print(table)


def write(folder: Path, machine: Mapping[str, str], figures: Sequence[Figure]) -> None:
    """Write `results.json`, `figures.md` and `chart.svg` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {"machine": dict(machine), "figures": [figure.as_json() for figure in figures]}
    text = json.dumps(data, indent=2, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    (folder / "figures.md").write_text(markdown(machine, figures), encoding="utf-8")
    (folder / "chart.svg").write_text(chart(figures), encoding="utf-8")


def record(root: Path, machine: Mapping[str, str], figures: Sequence[Figure]) -> None:
    """Put the figures into the repository's documents, and show their chart in the README.

    Recorded figures that were not measured this time stay, if they are of the same processor.
    """
    folder = root / "docs" / "benchmarks"
    figures = _with_earlier(folder / "results.json", machine, figures)
    write(folder, machine, figures)
    _put(root / "docs" / "explanation" / "performance.md", "figures", markdown(machine, figures))
    if any(figure.name.startswith("broker:") for figure in figures):
        _put(root / "docs" / "explanation" / "scaling.md", "figures", summary(figures))
    _put(root / "README.md", "chart", f"![{TITLE}](docs/benchmarks/chart.svg)\n")


def _with_earlier(
    results: Path, machine: Mapping[str, str], figures: Sequence[Figure]
) -> Sequence[Figure]:
    """The recorded figures, with the new values of those that were measured again."""
    if not results.exists():
        return figures
    recorded = json.loads(results.read_text(encoding="utf-8"))
    if recorded["machine"]["processor"] != machine["processor"]:
        return figures
    measured = {(figure.name, figure.unit): figure for figure in figures}
    names = {field.name for field in fields(Figure)}
    earlier = [
        Figure(**{name: value for name, value in each.items() if name in names})
        for each in recorded["figures"]
    ]
    kept = [measured.pop((each.name, each.unit), each) for each in earlier]
    return [*kept, *measured.values()]


def _put(page: Path, name: str, text: str) -> None:
    """Put a text between its marks in a page. Raises ValueError if the page lacks the marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"{page} has no place for the {name}: {begin} … {end}")
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def markdown(machine: Mapping[str, str], figures: Sequence[Figure]) -> str:
    """The figures as a table in Markdown, and below it the setup."""
    lines = [
        "| figure | median | runs | beside | to reach |",
        "|---|---:|---|---|---|",
        *(_row(figure) for figure in figures),
        "",
        *(f"- {name}: {value}" for name, value in machine.items()),
    ]
    return "\n".join(lines) + "\n"


def _row(figure: Figure) -> str:
    beside = "" if figure.ratio is None else f"{figure.ratio:.2f} of {figure.limit_name}"
    if figure.note:
        beside = f"{beside}; {figure.note}".removeprefix("; ")
    target = ""
    if figure.target is not None:
        sign = "≤" if figure.less_is_better else "≥"
        met = {True: "reached", False: "**missed**", None: ""}[figure.is_met]
        target = f"{sign} {figure.target:g} {met}".rstrip()
    runs = " ".join(number(run) for run in figure.runs)
    cells = (figure.name, f"{number(figure.value)} {figure.unit}", runs, beside, target)
    return f"| {' | '.join(cells)} |"
