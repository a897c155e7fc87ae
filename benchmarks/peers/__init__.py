"""Other queues and workflow engines, each in its own environment and at its best setting."""

import json
import subprocess
import sys
from collections.abc import Sequence
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from ..database import Database
from ..drain import ONE as DRAIN
from ..keys import IN_ORDER
from ..measure import Figure, Options, Results
from ..steps import FIGURE as STEPS
from .peer import NodePeer, Peer, PythonPeer

_SINGLE = 1_000
SECONDS = 300
"""How long one run of a peer may take."""

PEERS: tuple[Peer, ...] = (
    PythonPeer(
        "pgqueuer",
        ("pgqueuer[asyncpg]==1.6.0", "uvloop"),
        "asyncpg, uvloop, batches of 100; deletes what it finished",
    ),
    PythonPeer("procrastinate", ("procrastinate==3.10.0",), "psycopg, concurrency 100"),
    PythonPeer("oban", ("oban==0.7.0",), "psycopg, limit 200", python=(3, 12)),
    NodePeer(
        "graphile-worker",
        ("graphile-worker@0.17.3",),
        "Node, local queue of 500, batched completion, concurrency 100; deletes what it finished",
        jobs=100_000,
        at_most=1.0,
    ),
)


OF_STEPS: tuple[Peer, ...] = (
    PythonPeer(
        "dbos",
        ("dbos==3.4.0",),
        "coroutines and threads, 1, 10 and 50 workflows at once: the best of them",
        jobs=200,
        at_most=0.02,
    ),
)


OF_KEYS: tuple[Peer, ...] = (
    PythonPeer(
        "procrastinate_locks",
        ("procrastinate==3.10.0",),
        "psycopg, concurrency 100, a lock for each of as many keys",
        jobs=10_000,
    ),
)


def peers(server: str, options: Options, results: Results) -> None:
    """Drain and enqueue of every peer that can be installed, on the same server.

    A peer that fails or takes too long is left out, with a line on stderr.
    """
    ours = {
        DRAIN: results.value(DRAIN),
        "enqueue many": results.value("enqueue many"),
        "enqueue one by one": results.value("enqueue one by one, 1 producer"),
    }
    for peer in PEERS:
        counts = [options.jobs(peer.jobs), options.jobs(_SINGLE)]
        runs = _runs(peer, server, counts, options)
        for name, own in ours.items() if runs else ():
            rates = [run[name] for run in runs]
            target = peer.at_most if name == DRAIN else None
            title = f"{peer.name}: {name}"
            results.add(
                Figure(title, "jobs/s", rates, own, "ours", target, True, note=peer.setting)
            )


def of_steps(server: str, options: Options, results: Results) -> None:
    """The steps of every peer that has some, as `peers` measures drain and enqueue."""
    _beside(OF_STEPS, STEPS, "steps/s", server, options, results)


def of_keys(server: str, options: Options, results: Results) -> None:
    """The drain of every peer that runs jobs of one key one after another."""
    _beside(OF_KEYS, IN_ORDER, "jobs/s", server, options, results)


def _beside(
    peers: Sequence[Peer], name: str, unit: str, server: str, options: Options, results: Results
) -> None:
    """One figure of peers beside ours."""
    own = results.value(name)
    for peer in peers:
        if runs := _runs(peer, server, [max(50, int(peer.jobs * options.scale))], options):
            rates, most = [run[name] for run in runs], peer.at_most
            title = f"{peer.name}: {name}"
            results.add(Figure(title, unit, rates, own, "ours", most, True, note=peer.setting))


def _runs(
    peer: Peer, server: str, counts: Sequence[int], options: Options
) -> list[dict[str, float]]:
    """What a peer's script reports in each run; nothing if it is left out."""
    command = peer.command()
    if command is None:
        reason = "it cannot be installed here"
    else:
        try:
            return [_run(peer, command, server, counts) for _ in range(options.runs)]
        except subprocess.TimeoutExpired:
            reason = f"no result within {SECONDS:,} s"
        except subprocess.CalledProcessError as error:
            reason = f"it ended with {error.returncode}"
    print(f"{peer.name} left out: {reason}", file=sys.stderr)
    return []


def _run(peer: Peer, command: list[str], server: str, counts: Sequence[int]) -> dict[str, float]:
    database = Database(server)
    database.run("DROP SCHEMA public CASCADE")
    database.run("CREATE SCHEMA public")
    done = subprocess.run(
        [*command, _url(database.dsn), *map(str, counts)],
        cwd=peer.folder,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
    )
    rates: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return rates


def _url(dsn: str) -> str:
    """The connection string as a URL, which every driver takes."""
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    user, name = parts.pop("user", ""), parts.pop("dbname")
    rest = "&".join(f"{key}={quote(value, safe='')}" for key, value in parts.items())
    return f"postgresql://{quote(user)}@/{quote(name)}?{rest}"
