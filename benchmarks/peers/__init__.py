"""Other queues, each in an environment of its own and at its best documented setting."""

import json
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from ..database import Database
from ..measure import Figure, Options, Results

_FOLDER = Path(__file__).parent
_JOBS = 30_000
_SINGLE = 1_000


@dataclass(frozen=True, slots=True)
class Peer:
    """A queue to measure: what to install, and the setting that its script uses."""

    name: str
    requirements: tuple[str, ...]
    setting: str
    python: tuple[int, int] = (3, 11)


PEERS = (
    Peer(
        "pgqueuer",
        ("pgqueuer[asyncpg]==1.6.0", "uvloop"),
        "asyncpg, uvloop, batches of 100; deletes what it finished",
    ),
    Peer("procrastinate", ("procrastinate==3.10.0",), "psycopg, concurrency 100"),
    Peer("oban", ("oban==0.7.0",), "psycopg, limit 200", (3, 12)),
)


def peers(server: str, options: Options, results: Results) -> None:
    """Drain and enqueue of every peer that can be installed, on the same server."""
    ours = {
        "drain, 1 process": results.value("drain, 1 process"),
        "enqueue many": results.value("enqueue many"),
        "enqueue one by one": results.value("enqueue one by one, 1 producer"),
    }
    for peer in PEERS:
        python = _environment(peer)
        if python is None:
            print(f"{peer.name} left out: it cannot be installed here", file=sys.stderr)
            continue
        runs = [_run(peer, python, server, options) for _ in range(options.runs)]
        for name, own in ours.items():
            rates = [run[name] for run in runs]
            figure = Figure(f"{peer.name}: {name}", "jobs/s", rates, own, "ours", note=peer.setting)
            results.add(figure)


def _environment(peer: Peer) -> Path | None:
    """The interpreter of the peer's own environment, which is made when it is not there."""
    folder = Path.home() / ".cache" / "conduit-benchmarks" / peer.name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        make = _maker(peer.python)
        if make is None:
            return None
        make(folder)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*install, *peer.requirements], check=False).returncode:
            return None
        (folder / "ready").touch()
    return python


def _maker(wanted: tuple[int, int]) -> Callable[[Path], object] | None:
    """What makes an environment with that Python or a later one; None when there is none here."""
    if sys.version_info >= wanted:
        return lambda folder: venv.create(folder, with_pip=True, clear=True)
    for minor in range(wanted[1], wanted[1] + 3):
        command = [f"python{wanted[0]}.{minor}", "-m", "venv"]
        try:
            subprocess.run([*command, "--help"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return lambda folder, command=command: subprocess.run(  # type: ignore[misc]
            [*command, "--clear", str(folder)], check=True
        )
    return None


def _run(peer: Peer, python: Path, server: str, options: Options) -> dict[str, float]:
    database = Database(server)
    database.run("DROP SCHEMA public CASCADE")
    database.run("CREATE SCHEMA public")
    script = _FOLDER / f"run_{peer.name}.py"
    counts = [str(options.jobs(_JOBS)), str(options.jobs(_SINGLE))]
    done = subprocess.run(
        [python, script, _url(database.dsn), *counts],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    rates: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return rates


def _url(dsn: str) -> str:
    """The connection string as a URL, which every driver takes."""
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    user, name = parts.pop("user", ""), parts.pop("dbname")
    rest = "&".join(f"{key}={quote(value, safe='')}" for key, value in parts.items())
    return f"postgresql://{quote(user)}@/{quote(name)}?{rest}"
