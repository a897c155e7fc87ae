"""`python -m benchmarks`: measure the queue, and show the figures with their ratios."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from . import drain, enqueue, held, keys, latency, report, shapes, steps
from .broker import figures as broker
from .dashboard import figures as dashboard
from .database import machine, server
from .measure import Figure, Options, Results
from .peers import of_keys, of_steps
from .peers import peers as measure_peers

_ROOT = Path(__file__).parents[1]
Group = Callable[[str, Options, Results], None]

GROUPS: dict[str, tuple[Group, ...]] = {
    "drain": (drain.drains,),
    "growth": (drain.growth,),
    "endurance": (drain.endurance, held.held),
    "shapes": (shapes.shapes, shapes.fronts),
    "enqueue": (enqueue.single, enqueue.producers, enqueue.many),
    "latency": (
        latency.idle_worker,
        latency.back_to_back,
        latency.half_load,
        latency.idle,
    ),
    "steps": (steps.steps,),
    "keys": (keys.drains, keys.waits, keys.claims),
    "dashboard": (dashboard.dashboard,),
    "broker": (broker.broker,),
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("groups", nargs=-1, type=click.Choice([*GROUPS]))
@click.option("--dsn", help="The server to measure on; without it, an embedded Postgres.")
@click.option("--runs", default=3, show_default=True, help="Runs of each figure; medians count.")
@click.option("--scale", default=1.0, show_default=True, help="Part of the jobs to run with.")
@click.option("--quick", is_flag=True, help="One run with a twentieth of the jobs.")
@click.option("--peers", is_flag=True, help="Measure others beside it, from PyPI and npm.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for results.json, figures.md and chart.svg.",
)
@click.option("--record", is_flag=True, help="Put the figures into the page about performance.")
def main(
    groups: tuple[str, ...],
    dsn: str | None,
    runs: int,
    scale: float,
    quick: bool,
    peers: bool,
    out: Path | None,
    record: bool,
) -> None:
    """Measure GROUPS of figures, all of them by default.

    Everything is measured on one server; each database that is used is dropped and made anew.
    """
    options = Options(1, 0.05) if quick else Options(runs, scale)
    console = Console()
    errors = Console(stderr=True)

    def show(figure: Figure) -> None:
        errors.print(report.line(figure), highlight=False, markup=False)

    results = Results(on_figure=show)
    with tempfile.TemporaryDirectory(prefix="conduit-benchmark-") as folder:
        with server(dsn, Path(folder)) as found:
            about = machine(found)
            chosen = groups or (*GROUPS,)
            for name in chosen:
                for measure in GROUPS[name]:
                    measure(found, options, results)
            if peers and {"drain", "enqueue"}.intersection(chosen):
                measure_peers(found, options, results)
            if peers and "steps" in chosen:
                of_steps(found, options, results)
            if peers and "keys" in chosen:
                of_keys(found, options, results)
        report.show(console, about, results.figures)
        if out is not None:
            report.write(out, about, results.figures)
        if record:
            report.record(_ROOT, about, results.figures)


if __name__ == "__main__":
    main()
