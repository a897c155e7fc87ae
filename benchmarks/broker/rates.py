"""How many jobs a second one worker runs, and what uses the processors meanwhile."""

from collections import defaultdict
from collections.abc import Mapping, MutableMapping
from functools import partial
from pathlib import Path

from ..database import Database
from ..latency import until_done
from ..measure import Figure, Options, Results, alternate
from ..processes import rate
from . import used
from .fleets import working
from .nodes import ALONE, CLUSTER, ONE

JOBS = 100_000
JOBS_ALONE = 20_000
"""Jobs of the drain with one job a message."""
DIRECT = "direct"
Spent = MutableMapping[str, list[float]]
"""Microseconds of processor time a job, of each run, by what used them."""


def rates(
    server: str, urls: Mapping[str, str], folder: Path, options: Options, results: Results
) -> None:
    """Drain jobs that take no time, direct and through the broker."""
    sides = {DIRECT: None, **urls}
    spent: Mapping[str, Spent] = {name: defaultdict(list) for name in sides}
    runs = alternate(
        options,
        *(
            partial(_drain, server, _data(folder, name), options, url, spent[name])
            for name, url in sides.items()
        ),
        partial(_drain_alone, server, options, urls[ONE]),
    )
    direct, *through = (
        Figure(f"broker: drain, {name}", "jobs/s", each)
        for name, each in zip(sides, runs, strict=False)
    )
    results.add(direct)
    for figure in through:
        figure.limit, figure.limit_name, figure.target = direct.value, direct.name, 0.5
        results.add(figure)
    for name, parts in spent.items():
        for part, each in parts.items():
            results.add(Figure(f"broker: drain, {name}: {part}", "µs/job", each))
    title = f"broker: drain, one job a message, {ONE}"
    results.add(Figure(title, "jobs/s", runs[-1], target=2_000))


def _data(folder: Path, name: str) -> Path:
    """The folder with the data of a side's nodes; any folder for the direct side, without nodes."""
    return folder / (ALONE if name == ONE else CLUSTER)


def _drain(server: str, folder: Path, options: Options, url: str | None, spent: Spent) -> float:
    """Drain a filled table, note what used the processors, and return jobs a second."""
    database = Database(server)
    count = options.jobs(JOBS)
    database.fill(count)
    postgres, nodes = used.of_postgres(database), used.of_nodes(folder)
    with working(database, url) as fleet:
        gateway = fleet.gateway_cpu()
        until_done(database)
        gateway = fleet.gateway_cpu() - gateway
        worker = fleet.stop().cpu
    parts = {"Postgres": used.of_postgres(database) - postgres, "worker": worker}
    if url is not None:
        parts |= {"gateway": gateway, "RabbitMQ": used.of_nodes(folder) - nodes}
    for name, seconds in parts.items():
        spent[name].append(seconds / count * 1e6)
    return rate(database)


def _drain_alone(server: str, options: Options, url: str) -> float:
    database = Database(server)
    database.fill(options.jobs(JOBS_ALONE))
    with working(database, url, one_each=True) as fleet:
        until_done(database)
        fleet.stop()
    return rate(database)
