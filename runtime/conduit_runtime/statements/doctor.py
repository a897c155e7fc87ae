"""The statements of `doctor`: the server, our tables as they are, and waiting jobs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from ..postgres.statement import Rows, Statement

T = TypeVar("T")

Kind: TypeAlias = Literal["queue", "type", "rate"]
"""A limit of a queue or a type, or of the starts of a type."""
Rooms: TypeAlias = Mapping[tuple[Kind, str], float]
"""The weight for which each limit of a queue or type has room; infinite if nothing counts."""

_SAMPLED_PAGES = 200
"""The pages of the jobs table that tell what it holds."""
_FIRST_DUE = 10_000
"""The due jobs of a queue whose keys are counted."""

_HOLDING = 10_000
"""The last failed jobs, and the first keys with parked jobs, that may be found to hold a key."""


class Server(NamedTuple):
    """The server: `version` as in 180001, `clock` in Unix time, `vacuums` if autovacuum is on."""

    version: int
    is_standby: bool
    clock: float
    vacuums: bool


class Table(NamedTuple):
    """One of our tables: `vacuumed` is how many seconds ago; None if it never was."""

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
    """An index: its size in bytes, and how many entries it had at the last count."""

    name: str
    definition: str
    is_valid: bool
    size: int
    entries: float


class Function(NamedTuple):
    """A function: `text` is empty if Postgres keeps its body parsed."""

    name: str
    text: str
    has_owners_rights: bool
    settings: Sequence[str]
    is_public: bool


class Held(NamedTuple):
    """A holder of a snapshot, and the seconds so far; of kind `hidden` if some cannot be seen."""

    kind: str
    name: str
    details: str
    seconds: float | None


class Blocking(NamedTuple):
    """A session that holds a lock: for how long its transaction is open, and who waits for it.

    `waited` is for how many seconds the first of the `waiting` sessions has waited.
    """

    session: int
    details: str
    seconds: float | None
    waiting: int
    waited: float


class Kept(NamedTuple):
    """The bytes of the ended jobs of a queue that nothing deletes, and of the table, about."""

    queue: str
    bytes: float
    all_bytes: float


class MainKey(NamedTuple):
    """The key that most of the first `due` jobs of a queue have, and how many have it."""

    queue: str
    key: str
    jobs: int
    due: int


class HeldKey(NamedTuple):
    """A job that holds the later jobs of its key.

    It `failed` so many seconds ago, or goes on in `due` seconds.
    """

    type: str
    key: str
    job: str
    failed: float | None
    due: float | None


class Stuck(NamedTuple):
    """Running jobs that no live worker holds: the worker's name, the number, the seconds so far."""

    holder: str
    jobs: int
    seconds: float | None


class KeptThreads(NamedTuple):
    """Running jobs of a type that nothing stops: the number, the seconds of the first, a worker."""

    type: str
    jobs: int
    seconds: float
    worker: str


class WaitingType(NamedTuple):
    """Pending jobs of a lane: for how many seconds the first has been due, negative if not due.

    `weight` is that of the first, which may be heavier than the limits have room for.
    """

    queue: str
    type: str
    fingerprint: str
    due: float
    weight: int
    is_served: bool
    is_known: bool
    is_paused: bool


class Refused(NamedTuple):
    """Pending jobs of a type whose last claim Postgres refused: how many, and why one of them."""

    queue: str
    type: str
    jobs: int
    reason: str


def server() -> Statement[Server]:
    """The version, the role and the clock of the server."""
    return Statement("doctor/server", {}, lambda rows, count: Server(*rows[0]))


def migrations() -> Statement[list[int]]:
    """The numbers of the applied migrations."""
    reading = "SELECT version FROM {conduit_migrations} ORDER BY version"
    return Statement(reading, {}, lambda rows, count: [number for (number,) in rows])


def tables(names: Sequence[str]) -> Statement[list[Table]]:
    """The tables of these that exist."""
    return Statement("doctor/tables", {"tables": [*names]}, _all(Table))


def columns(names: Sequence[str]) -> Statement[list[Column]]:
    """The columns of these tables."""
    return Statement("doctor/columns", {"tables": [*names]}, _all(Column))


def indexes(names: Sequence[str]) -> Statement[list[Index]]:
    """The indexes of these tables."""
    return Statement("doctor/indexes", {"tables": [*names]}, _all(Index))


def triggers() -> Statement[dict[str, bool]]:
    """The triggers of the jobs table, and whether each is enabled."""
    return Statement("doctor/triggers", {}, lambda rows, count: dict(rows))


def functions(names: Sequence[str]) -> Statement[list[Function]]:
    """The functions of these that exist."""
    return Statement("doctor/functions", {"functions": [*names]}, _all(Function))


def missing_privileges(wanted: Mapping[str, str]) -> Statement[list[tuple[str, str, str]]]:
    """The privileges that the role lacks: the role, the table and the privilege.

    `wanted` has the privileges for each table, separated by commas.
    """
    pairs = [(table, each) for table, all_ in wanted.items() for each in all_.split(", ") if each]
    return Statement(
        "doctor/privileges",
        {"tables": [table for table, _ in pairs], "privileges": [each for _, each in pairs]},
        lambda rows, count: [(role, table, privilege) for role, table, privilege in rows],
    )


def held_snapshots(seconds: float) -> Statement[list[Held]]:
    """The holders of a snapshot for longer than these seconds."""
    return Statement("doctor/snapshots", {"seconds": seconds}, _all(Held))


def blocking(seconds: float) -> Statement[list[Blocking]]:
    """The sessions for whose locks others have waited longer than these seconds."""
    return Statement(
        "doctor/locks",
        {"seconds": seconds},
        lambda rows, count: [Blocking(int(pid), *rest) for pid, *rest in rows],
    )


def kept_for_ever() -> Statement[list[Kept]]:
    """The queues whose ended jobs nothing deletes, those with the largest first."""
    return Statement("doctor/history", {"pages": _SAMPLED_PAGES}, _all(Kept))


def main_keys(queues: Sequence[str]) -> Statement[list[MainKey]]:
    """The key that most of the first due jobs of each of these queues have, if they have keys."""
    return Statement("doctor/keys", {"queues": [*queues], "most": _FIRST_DUE}, _all(MainKey))


def held_keys(late: float) -> Statement[list[HeldKey]]:
    """The jobs that hold others of their keys which have been due for so many seconds.

    Those that failed, first of each type, and those that go on after more than so many seconds.
    """
    parameters = {"late": late, "most": _HOLDING}
    return Statement("doctor/held_keys", parameters, _all(HeldKey))


def stuck(seconds: float) -> Statement[list[Stuck]]:
    """The running jobs that are held by no worker with a heartbeat within these seconds."""
    return Statement("doctor/stuck", {"seconds": seconds}, _all(Stuck))


def kept_threads(seconds: float) -> Statement[list[KeptThreads]]:
    """The types without a timeout whose jobs have run for longer than these seconds in threads."""
    return Statement("doctor/kept_threads", {"seconds": seconds}, _all(KeptThreads))


def waiting(seconds: float) -> Statement[list[WaitingType]]:
    """The lanes that wait; a worker without a heartbeat for these seconds is not alive."""
    return Statement(
        "doctor/waiting", {"seconds": seconds}, _all(WaitingType), {"queue": "queues.queue"}
    )


def rooms(lanes: Iterable[WaitingType]) -> Statement[Rooms]:
    """The room in the limits of the queues and types of these lanes."""
    parameters: dict[str, object] = {
        "queues": sorted({each.queue for each in lanes}),
        "types": sorted({each.type for each in lanes}),
    }
    return Statement(
        "limit/capacity",
        parameters,
        lambda rows, count: {
            (kind, subject): float("inf") if is_idle else room
            for kind, subject, room, _, is_idle in rows
            if kind in ("queue", "type", "rate")
        },
    )


def refused() -> Statement[list[Refused]]:
    """The pending jobs whose last claim Postgres refused."""
    return Statement("doctor/refused", {}, _all(Refused))


def live_types(seconds: float) -> Statement[set[str] | None]:
    """The types that live workers handle; None if no worker is alive."""
    return Statement(
        "doctor/live_types",
        {"seconds": seconds},
        lambda rows, count: {type_ for (type_,) in rows if type_ is not None} if rows else None,
    )


def _all(kind: Callable[..., T]) -> Callable[[Rows, int], list[T]]:
    return lambda rows, count: [kind(*row) for row in rows]
