"""`conduit-jobs demo`: the example of the blog, from its sources to completed jobs."""

import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table

from .. import JobStatus, Queue, embedded
from .session import FOLDER, VARIABLES

DEADLINE = 60.0
"""Seconds until the demo gives up on a job that does not end."""
_SHOWN = "announce"
_WIDTH = 96
"""Columns without a terminal: generated lines have up to 88, and a frame around them."""
_STYLES = {
    "completed": "green",
    "failed": "red",
    "running": "yellow",
    "pending": "cyan",
    "cancelled": "dim",
}


@click.command()
def demo() -> None:
    """Compile and run an example on its own Postgres, and show each step.

    Compiles the sources of a blog, inserts rows as an application would, runs their hooks in the
    same transactions, starts a worker, and shows the jobs. Keeps the jobs in a temporary folder,
    and prints the command that shows them in the dashboard.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda signum, frame: sys.exit(128 + signum))
    scratch = Path(tempfile.mkdtemp(prefix="conduit-demo-"))
    try:
        blog = _run(console, scratch)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    console.print(
        f"\nThe jobs are kept in {scratch} until you delete it. See them in the dashboard:\n",
        markup=False,
        soft_wrap=True,
    )
    console.print(f"  {_dashboard(blog)}", markup=False, soft_wrap=True)
    if importlib.util.find_spec("starlette") is None:
        install = "pip install 'conduit-async[dashboard]'"
        console.print(f"\nThe dashboard has to be installed first: {install}", markup=False)


def _run(console: Console, scratch: Path) -> Path:
    """Show all steps in this folder, and return the example's folder in it."""
    # Under root, Postgres runs as another user, which has to reach the folder.
    os.chmod(scratch, 0o711)  # noqa: S103 - others may pass, not read
    blog = scratch / "blog"
    left_out = shutil.ignore_patterns("jobs", "__pycache__", ".conduit")
    shutil.copytree(_example(), blog, ignore=left_out)
    # The demo's data may be lost, so Postgres does not wait for the disk.
    console.print("Starting a Postgres for the demo\n")
    server = embedded.start(blog / FOLDER, settings={"fsync": "off"})
    try:
        with server, Queue(server.dsn) as queue:
            commands = _Commands(blog, server.dsn)
            _compile(console, blog, commands)
            console.print("[dim]$[/] conduit-jobs migrate")
            console.print(Padding(commands.run("conduit_runtime.cli", "migrate"), (0, 0, 1, 2)))
            _insert(console, commands, queue)
            _work(console, commands, queue)
            _conclude(console, queue)
    finally:
        embedded.stop(blog / FOLDER)  # the commands keep the server for a while
    return blog


def _dashboard(folder: Path) -> str:
    """The command that shows this folder's jobs, even if the environment names a database."""
    found = shutil.which("conduit-jobs")
    is_this = found is not None and Path(found).parent == Path(sys.executable).parent
    program = "conduit-jobs" if is_this else f"{shlex.quote(sys.executable)} -m conduit_runtime.cli"
    cleared = "".join(f"{name}= " for name in VARIABLES if os.environ.get(name))
    return f"cd {shlex.quote(str(folder))} && {cleared}{program} dashboard"


def _example() -> Path:
    """The blog: inside the installed package, or in the checkout around it."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "demo", package.parents[1] / "examples" / "blog"):
        if (folder / "resources").is_dir():
            return folder
    raise click.ClickException("the example is missing from this installation: install it again")


class _Commands:
    """Runs this installation's commands in the example's folder, against the demo's database."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._folder = folder
        self._environment = os.environ | {"PYTHONUNBUFFERED": "1", "CONDUIT_DATABASE_URL": dsn}

    def start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        # -m or a script: a command on the PATH may belong to another installation.
        command = [module] if module.endswith(".py") else ["-m", module]
        return subprocess.Popen(
            [sys.executable, *command, *arguments],
            cwd=self._folder,
            env=self._environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, module: str, *arguments: str) -> str:
        process = self.start(module, *arguments)
        output, _ = process.communicate()
        if process.returncode != 0:
            raise click.ClickException(f"{module} {' '.join(arguments)} failed:\n{output}")
        return output.rstrip()


def _compile(console: Console, blog: Path, commands: "_Commands") -> None:
    console.print(Rule("[bold]1  From the source to a job[/]", align="left"))
    source = Path("resources", "post.conduit")
    block = _excerpt(
        (blog / source).read_text("utf-8"), rf'^( *)@async\(name: "{_SHOWN}".*?^\1\}}$'
    )
    console.print(_code(block, "ruby", f"{source.as_posix()}: work for after the response"))
    console.print("[dim]$[/] conduitc gen")
    console.print(Padding(commands.run("conduit_async.cli", "gen"), (0, 0, 1, 2)))
    module = Path("jobs", "post.py")
    job = _excerpt(
        (blog / module).read_text("utf-8"),
        rf'^()@job_type\(\s*"post\.after_update\.{_SHOWN}".*?(?=\n\n\n|\Z)',
    )
    console.print(_code(job, "python", f"{module.as_posix()}: the job that it became"))


def _excerpt(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found.group()).strip("\n") if found else text


def _code(text: str, language: str, title: str) -> Panel:
    syntax = Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True)
    return Panel(syntax, title=title, title_align="left", border_style="dim", expand=False)


def _insert(console: Console, commands: _Commands, queue: Queue) -> None:
    console.print(Rule("[bold]2  Rows and their jobs, in the same transactions[/]", align="left"))
    console.print("[dim]$[/] python app.py")
    commands.run("app.py")
    jobs = queue.list(limit=1000)
    console.print(f"  Three transactions committed, and {len(jobs)} jobs with them:\n")
    for job in reversed(jobs):
        console.print(f"    [cyan]{job.type}[/]")
    console.print("\n  One was rolled back: no user, no mail.\n")


def _work(console: Console, commands: _Commands, queue: Queue) -> None:
    console.print(Rule("[bold]3  A worker runs them[/]", align="left"))
    console.print("[dim]$[/] conduit-jobs worker jobs --services app:Services")
    with _worker(console, commands) as worker, console.status("running"):
        deadline = time.monotonic() + DEADLINE
        while queue.list(status=(JobStatus.PENDING, JobStatus.RUNNING)):
            if worker.poll() is not None or time.monotonic() > deadline:
                raise click.ClickException("the worker did not finish the demo's jobs")
            time.sleep(0.1)
    console.print()


@contextmanager
def _worker(console: Console, commands: _Commands) -> Iterator[subprocess.Popen[str]]:
    worker = commands.start("conduit_runtime.cli", "worker", "jobs", "--services", "app:Services")
    printer = threading.Thread(target=_print_lines, args=(console, worker), daemon=True)
    printer.start()
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(10)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        printer.join(5)


def _print_lines(console: Console, worker: subprocess.Popen[str]) -> None:
    for line in worker.stdout or ():
        console.print(f"    {line.rstrip()}", markup=False, soft_wrap=True)


def _conclude(console: Console, queue: Queue) -> None:
    jobs = queue.list(limit=1000)
    table = Table(title="conduit-jobs jobs list", title_justify="left", title_style="dim")
    for name in ("job", "queue", "status", "attempts"):
        table.add_column(name, no_wrap=True, justify="right" if name == "attempts" else "left")
    for job in reversed(jobs):
        status = job.status.value
        attempts = f"[yellow]{job.attempts}[/]" if job.attempts > 1 else str(job.attempts)
        table.add_row(job.type, job.queue, f"[{_STYLES[status]}]{status}[/]", attempts)
    console.print(table)
    for job in jobs:
        if job.attempts > 1 and job.status == JobStatus.COMPLETED:
            console.print(f"{job.type} failed once and succeeded when it was retried.")
    unfinished = [job for job in jobs if job.status != JobStatus.COMPLETED]
    if unfinished:
        raise click.ClickException(f"{len(unfinished)} of the demo's jobs did not complete")
