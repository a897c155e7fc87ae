"""The figures of the group in one table, for the page that compares setups."""

from collections.abc import Sequence

from ..measure import Figure, number

_SIDES = ("direct", "one node", "three nodes")
_HEAD = ("", "direct workers", "gateway, one RabbitMQ node", "gateway, three nodes")
_WORKERS = (1, 10, 100)
_POSTGRES = [f"Postgres at 500 jobs/s, {count} workers, {{side}}" for count in _WORKERS]
_START = "enqueue to start, {load}, {{side}}, p{part}"
_IDLE = [_START.format(load="idle worker", part=part) for part in (50, 99)]
_HALF = [_START.format(load="half load", part=part) for part in (50, 99)]
_ROWS = (
    ("one worker process drains, jobs/s", "jobs/s", ["drain, {side}"]),
    ("the same with one job a message", "jobs/s", ["drain, one job a message, {side}"]),
    ("processor time of a job meanwhile, µs: Postgres", "µs/job", ["drain, {side}: Postgres"]),
    ("of the worker", "µs/job", ["drain, {side}: worker"]),
    ("of the gateway", "µs/job", ["drain, {side}: gateway"]),
    ("of RabbitMQ", "µs/job", ["drain, {side}: RabbitMQ"]),
    ("enqueue to start, idle worker, ms: p50, p99", "ms", _IDLE),
    ("at half load", "ms", _HALF),
    ("connections of Postgres with 1, 10, 100 workers", "connections", _POSTGRES),
    ("processor time of Postgres a job at 500 jobs/s, µs", "µs/job", _POSTGRES),
)


def summary(figures: Sequence[Figure]) -> str:
    """A row for each comparison, a column for each setup; a missing figure is an empty cell."""
    measured = {(figure.name, figure.unit): number(figure.value) for figure in figures}
    lines = [_line(_HEAD), "|---|---:|---:|---:|"]
    for title, unit, names in _ROWS:
        cells = [
            ", ".join(
                measured.get((f"broker: {name.format(side=side)}", unit), "") for name in names
            )
            for side in _SIDES
        ]
        lines.append(_line((title, *(cell.strip(", ") for cell in cells))))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
