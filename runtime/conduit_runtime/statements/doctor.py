"""What `doctor` reads: the server, our tables as they are, and what waits."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from ..postgres.statement import Rows, Statement

T = TypeVar("T")


class Server(NamedTuple):
    """The server: `version` as in 180001, `clock` its Unix time, `vacuums` whether by itself."""

    version: int
    is_standby: bool
    clock: float
    vacuums: bool


class Table(NamedTuple):
    """A table of ours: `vacuumed` is how many seconds ago, None if it never was."""

    name: str
    schema: str
    options: Sequence[str]
    live: int
    dead: int
    rows: float
    vacuumed: float | None


class Column(NamedTuple):
    """A column: its type as Postgres names it, and whether it is NOT NULL."""

    table: str
    name: str
    type: str
    is_required: bool


class Index(NamedTuple):
    """An index: its size in bytes, and how many entries it had when it was last counted."""

    name: str
    definition: str
    is_valid: bool
    size: int
    entries: float


class Function(NamedTuple):
    """A function: `text` is empty when Postgres keeps it as parsed."""

    name: str
    text: str
    has_owners_rights: bool
    settings: Sequence[str]
    is_public: bool


class Held(NamedTuple):
    """What holds a snapshot, and for how many seconds; kind `hidden`: some cannot be seen."""

    kind: str
    name: str
    details: str
    seconds: float | None


class Stuck(NamedTuple):
    """Running jobs that no live worker holds: under whose name, how many, for how many seconds."""

    holder: str
    jobs: int
    seconds: float | None


class WaitingType(NamedTuple):
    """Pending jobs of a lane: for how many seconds the first has been due, below 0 if it is not."""

    queue: str
    type: str
    fingerprint: str
    due: float
    is_served: bool
    is_known: bool
    is_paused: bool


def server() -> Statement[Server]:
    """Version, role and clock of the server."""
    return Statement("doctor/server", {}, lambda rows, count: Server(*rows[0]))


def migrations() -> Statement[list[int]]:
    """The numbers of the applied migrations."""
    reading = "SELECT version FROM {conduit_migrations} ORDER BY version"
    return Statement(reading, {}, lambda rows, count: [number for (number,) in rows])


def tables(names: Sequence[str]) -> Statement[list[Table]]:
    """Those of these tables that exist."""
    return Statement("doctor/tables", {"tables": [*names]}, _all(Table))


def columns(names: Sequence[str]) -> Statement[list[Column]]:
    """The columns of these tables."""
    return Statement("doctor/columns", {"tables": [*names]}, _all(Column))


def indexes(names: Sequence[str]) -> Statement[list[Index]]:
    """The indexes of these tables."""
    return Statement("doctor/indexes", {"tables": [*names]}, _all(Index))


def triggers() -> Statement[dict[str, bool]]:
    """The triggers of the jobs table, and whether each fires."""
    return Statement("doctor/triggers", {}, lambda rows, count: dict(rows))


def functions(names: Sequence[str]) -> Statement[list[Function]]:
    """Those of these functions that exist."""
    return Statement("doctor/functions", {"functions": [*names]}, _all(Function))


def missing_privileges(wanted: Mapping[str, str]) -> Statement[list[tuple[str, str, str]]]:
    """The role, the table and the privilege of each that the role lacks.

    `wanted` has the privileges of each table, separated by commas.
    """
    pairs = [(table, each) for table, all_ in wanted.items() for each in all_.split(", ")]
    return Statement(
        "doctor/privileges",
        {"tables": [table for table, _ in pairs], "privileges": [each for _, each in pairs]},
        lambda rows, count: [(role, table, privilege) for role, table, privilege in rows],
    )


def held_snapshots(seconds: float) -> Statement[list[Held]]:
    """What has held a snapshot for longer."""
    return Statement("doctor/snapshots", {"seconds": seconds}, _all(Held))


def stuck(seconds: float) -> Statement[list[Stuck]]:
    """The running jobs that no worker holds that was alive within these seconds."""
    return Statement("doctor/stuck", {"seconds": seconds}, _all(Stuck))


def waiting(seconds: float) -> Statement[list[WaitingType]]:
    """The lanes that wait; a worker that was silent for these seconds is not alive."""
    return Statement(
        "doctor/waiting", {"seconds": seconds}, _all(WaitingType), {"queue": "queues.queue"}
    )


def live_types(seconds: float) -> Statement[set[str] | None]:
    """The types that live workers handle; None when no worker is alive."""
    return Statement(
        "doctor/live_types",
        {"seconds": seconds},
        lambda rows, count: {type_ for (type_,) in rows if type_ is not None} if rows else None,
    )


def _all(kind: Callable[..., T]) -> Callable[[Rows, int], list[T]]:
    return lambda rows, count: [kind(*row) for row in rows]
