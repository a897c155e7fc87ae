"""`python -m benchmarks.compile`: how fast conduitc is, on generated projects of growing size.

Each figure is one run of the command from its start to its end, in a new process. With `--peers`,
datamodel-code-generator is installed into an environment of its own and generates, in the same run,
data classes for a schema with the same fields.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from subprocess import PIPE
from typing import NamedTuple

import click
from rich.console import Console
from rich.table import Table

from .memory import peak_memory
from .projects import resource_name, write_file, write_project

PEER = "datamodel-code-generator"
_HOOK = "\n  @after delete @async { Audit.removed(self.id) }\n}\n"

Row = dict[str, str | float | None]


class Times(NamedTuple):
    """What a command took: the medians of wall and CPU time in seconds, the peak memory in MB."""

    wall: float
    cpu: float
    memory: float


class Clock:
    """Times commands."""

    def __init__(self, runs: int, home: Path) -> None:
        self._runs = runs
        self._environment = {**os.environ, "XDG_CACHE_HOME": str(home), "NO_COLOR": "1"}

    def run(
        self,
        command: Sequence[str],
        folder: Path,
        before: Callable[[], None] = lambda: None,
        given: Path | None = None,
    ) -> Times:
        """Run a command several times, each time after `before`, with a file as its input."""
        text = given.read_bytes() if given else None
        times = []
        for _ in range(self._runs):
            before()
            used, started = _cpu(), time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env=self._environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
            with peak_memory(process) as peak:
                written, errors = process.communicate(text)
            times.append((time.perf_counter() - started, _cpu() - used, peak()))
            if process.returncode:
                output = errors.decode()[-500:] or written.decode()
                raise click.ClickException(
                    f"{command[-1]} ended with {process.returncode}: {output}"
                )
        elapsed, cpus, memory = zip(*times, strict=True)
        return Times(median(elapsed), median(cpus), max(memory))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(sizes: Sequence[int], clock: Clock, home: Path, peer: Path | None) -> list[Row]:
    """All figures, in rows: name, wall, cpu, memory, target."""
    conduitc = [sys.executable, "-m", "conduit_async.cli"]
    rows: list[Row] = []

    def add(name: str, times: Times, target: float | None = None) -> None:
        rows.append({"figure": name, **times._asdict(), "target": target})

    def forget() -> None:
        for path in home.glob("conduit-async/run-*.json"):  # not the parser's table
            path.unlink()

    small = home / "small"
    write_project(small, 1)
    clock.run([*conduitc, "check"], small)  # computes the parser's table, once for a user
    add("--help", clock.run([*conduitc, "--help"], small), 0.25)
    add("check, 1 file", clock.run([*conduitc, "check"], small), 0.25)
    for lines, target in ((1_000, 1.0), (10_000, None)):
        path = home / f"lines{lines}.conduit"
        count = write_file(path, lines)
        command = [*conduitc, "gen", path.name, "-o", f"out{lines}"]
        add(f"gen, {count:,} lines in 1 file, cold", clock.run(command, home, forget), target)
    for size in sizes:
        folder = home / f"project{size}"
        write_project(folder, size)
        gen = [*conduitc, "gen"]
        add(f"gen, {size:,} files, cold", clock.run(gen, folder, forget), 25.0)
        add(f"gen, {size:,} files, nothing changed", clock.run(gen, folder), 0.5)
        changed = folder / "resources" / f"{resource_name(size // 4).lower()}.conduit"
        checked = [*conduitc, "check", "--stdin", "--filename", str(changed)]
        add(f"check --stdin, 1 of {size:,} files", clock.run(checked, folder, given=changed), 0.3)
        text = changed.read_text()
        for what, other, target in (
            ("one hook", text.rstrip()[:-1].rstrip() + _HOOK, 1.5),
            ("one field", text.replace("\n  id:", "\n  extra: int?\n  id:", 1), 3.0),
        ):
            versions = [text, other]

            def change(path: Path = changed, versions: list[str] = versions) -> None:
                versions.reverse()
                path.write_text(versions[0], encoding="utf-8")

            add(f"gen, {size:,} files, {what} changed", clock.run(gen, folder, change), target)
        if peer is not None:
            schema = folder / "schema.json"
            schema.write_text(json.dumps(_schema(size)), encoding="utf-8")
            command = [str(peer), "--input", schema.name, "--input-file-type", "jsonschema"]
            command += ["--output-model-type", "dataclasses.dataclass", "--output", "peer.py"]
            add(f"{PEER}, {size:,} classes", clock.run(command, folder))
    return rows


def _schema(size: int) -> dict[str, object]:
    """The fields of the project's resources as JSON Schema."""
    text = {"type": "string"}
    place = dict.fromkeys(("street", "city", "country", "code"), text)
    properties = {
        "id": {"type": "string", "format": "uuid"},
        **dict.fromkeys(("number", "title", "contact", "summary", "amount"), text),
        "state": {"enum": ["draft", "open", "done", "cancelled"]},
        "quantity": {"type": "integer"},
        "place": {"type": "object", "properties": place, "required": ["street", "city"]},
        "labels": {"type": "array", "items": text},
        **{
            name: {"type": "string", "format": "date-time"}
            for name in ("finished_at", "created_at", "updated_at")
        },
    }
    required = [name for name in properties if name not in ("summary", "finished_at")]
    one = {"type": "object", "properties": properties, "required": required}
    names = [resource_name(number) for number in range(size)]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "title": "Everything",
        "properties": {name.lower(): {"$ref": f"#/definitions/{name}"} for name in names},
        "definitions": dict.fromkeys(names, one),
    }


def _installed_peer(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", PEER]
    subprocess.run(command, check=True)
    return folder / "bin" / "datamodel-codegen"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sizes", default="10,100,1000", show_default=True, help="Files of the projects.")
@click.option("--runs", default=3, show_default=True, help="Runs of each figure; medians count.")
@click.option("--peers", is_flag=True, help=f"Measure {PEER} as well.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write JSON there.")
def main(sizes: str, runs: int, peers: bool, out: Path | None) -> None:
    """Measure conduitc; the time is that of the whole command, start-up included."""
    with tempfile.TemporaryDirectory(prefix="conduit-benchmark-") as name:
        home = Path(name)
        peer = _installed_peer(home / "peer") if peers else None
        rows = measure([int(size) for size in sizes.split(",")], Clock(runs, home), home, peer)
    table = Table("figure", "wall", "cpu", "memory", "to reach", "", box=None)
    for row in rows:
        wall, target = row["wall"], row["target"]
        assert isinstance(wall, float)
        sign = "" if not isinstance(target, float) else "reached" if wall <= target else "missed"
        reach = f"≤ {target} s" if target else ""
        memory = f"{row['memory']:.0f} MB" if row["memory"] else ""
        measured = f"{wall:.2f} s", f"{row['cpu']:.2f} s", memory
        table.add_row(str(row["figure"]), *measured, reach, sign)
    Console().print(table)
    if out is not None:
        out.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
