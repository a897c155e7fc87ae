"""What the jobs of a run did, as a test can see it, and how two runs differ."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ...model.payload import decode
from ...postgres.statement import Statement
from ...postgres.steps import Steps
from ...statements.steps import Record
from ..matching import status_of
from ..report import shortened
from ..stored import all_jobs
from .clock import Clock
from .ran import Run

Effect = Mapping[str, str]
"""The parts of an effect by their names, as texts; arguments without a name have a number."""
Effects = Mapping[str, Sequence[Effect]]
"""The effects of a run by what they are, such as "call of email.send"."""
Varying = set[tuple[str, str]]
"""Parts that differ between undisturbed runs, such as a time, by what has them."""
Row = tuple[str, str]
"""A table, and one of its rows as JSON."""


class Point(NamedTuple):
    """A place at which a run can crash: behind the record of this number, the first is 1."""

    record: int
    step: str
    type: str


def points_of(records: Sequence[Record]) -> list[Point]:
    """Where a run with these records is to crash: behind each step, in a loop in two turns."""
    points: dict[tuple[str, str, int], Point] = {}
    times: Counter[tuple[Any, str]] = Counter()
    for number, record in enumerate(records, 1):
        times[record.job.id, record.name] += 1
        if (turn := times[record.job.id, record.name]) <= 2:
            kind = record.job.type
            points.setdefault((kind, record.name, turn), Point(number, record.name, kind))
    return [*points.values()]


def stored_rows() -> Steps[Counter[Row]]:
    """The rows of the application's tables."""
    listed = yield Statement("testing/tables", {}, lambda rows, count: [name for (name,) in rows])
    tables: list[str] = listed
    if not tables:
        return Counter()
    # Postgres has quoted the names.
    parts = [
        f"SELECT {number}, pg_catalog.to_json(this.*)::pg_catalog.text FROM {table} AS this"  # noqa: S608
        for number, table in enumerate(tables)
    ]
    found: Counter[Row] = yield Statement(
        " UNION ALL ".join(parts).replace("%", "%%"),
        {},
        lambda rows, count: Counter((tables[number], row) for number, row in rows),
    )
    return found


def stored_jobs(clock: Clock) -> Steps[list[Effect]]:
    """What is stored of all jobs, as effects."""
    jobs = yield from all_jobs(clock.offset)
    return [
        {
            "type": job.type,
            "queue": job.queue,
            "status": status_of(job),
            "priority": str(job.priority),
            "payload": repr(job.payload),
        }
        for job in jobs
    ]


def effects_of(
    calls: Iterable[tuple[str, Any]],
    before: Counter[Row],
    after: Counter[Row],
    jobs: Sequence[Effect],
    records: Sequence[Record],
    ran: Iterable[Run],
) -> Effects:
    """The effects of a run: calls of fakes, changed rows, jobs, steps, and results of jobs."""
    effects: defaultdict[str, list[Effect]] = defaultdict(list)
    for name, (_, args, kwargs) in calls:
        given = {str(place): repr(value) for place, value in enumerate(args)}
        named = {key: repr(value) for key, value in kwargs.items()}
        effects[f"call of {name}"].append(given | named)
    for what, rows in (("row of", after - before), ("removed row of", before - after)):
        for table, row in rows.elements():
            values = {name: repr(value) for name, value in decode(row).items()}
            effects[f"{what} {table}"].append(values)
    effects["job"] += jobs
    for record in records:
        step = {"type": record.job.type, "name": record.name, "value": record.value}
        effects["step"].append(step)
    for run in ran:
        if run.outcome == "completed":
            result = {"type": run.type, "payload": repr(run.payload), "result": repr(run.result)}
            effects["result"].append(result)
    return effects


def varying(one: Effects, other: Effects) -> Varying:
    """The parts that differ between two undisturbed runs, of effects that both made as often."""
    return {
        (what, name)
        for what, effects in one.items()
        if len(effects) == len(other.get(what, ()))
        for name in {name for effect in effects for name in effect}
        if _values(one, what, name) != _values(other, what, name)
    }


def _values(effects: Effects, what: str, name: str) -> Counter[str | None]:
    return Counter(effect.get(name) for effect in effects.get(what, ()))


def differences(wanted: Effects, found: Effects, ignored: Varying) -> list[str]:
    """A line for each effect that was not made as often as it should."""
    lines = []
    for what in sorted(wanted.keys() | found.keys()):
        expected = _counted(wanted, what, ignored)
        counts = _counted(found, what, ignored)
        for effect in {**counts, **expected}:
            if (count := counts[effect]) != expected[effect]:
                lines.append(f"  {what}: {count}, not {expected[effect]}: {shortened(effect)}")
    return lines


def _counted(effects: Effects, what: str, ignored: Varying) -> Counter[str]:
    return Counter(
        ", ".join(
            value if name.isdigit() else f"{name}={value}"
            for name, value in effect.items()
            if (what, name) not in ignored
        )
        for effect in effects.get(what, ())
    )
