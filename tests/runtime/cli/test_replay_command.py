"""`conduit-jobs replay`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from command_line import Run
from conduit_runtime import Job, Queue
from conduit_runtime.cli import commands
from conduit_runtime.cli.application import Application

HANDLERS = """
from conduit_runtime import Discard, HandlerRegistry, JobContext

handlers = HandlerRegistry()


async def charge(order: int) -> str:
    return f"R-{order}"


async def print_label(receipt: str) -> str:
    return "label"


@handlers.handler("order.ship")
async def ship(job: JobContext, payload: dict) -> None:
    first = "charge" if job.key == "ada" else "refuse"
    receipt = await job.step(first, charge, payload["order"])
    label = await job.step("label", print_label, receipt)
    raise Discard(f"no carrier takes the {label}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the handlers of a worker."""
    (tmp_path / "shop.py").write_text(HANDLERS)
    return tmp_path


@pytest.fixture
def job(folder: Path, queue: Queue, run: Run) -> str:
    """A job that failed behind two steps."""
    job = queue.enqueue(Job(type="order.ship", payload={"order": 7}, key="ada"))
    run("worker", "shop", "--drain", cwd=folder)
    return str(job.id)


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "shop.py").read_text()
    assert old in text
    (folder / "shop.py").write_text(text.replace(old, new))
    # An edit of the same length within a second would go unnoticed.
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)


def test_it_says_where_the_code_differs(folder: Path, job: str, run: Run) -> None:
    edit(folder, "    raise Discard", "    await job.step('log', str)\n    raise Discard")
    assert run("replay", job, "shop", cwd=folder).stdout == dedent("""\
        charge  same, stored in attempt 1
        label   same, stored in attempt 1
        the replay ends at 'log', which has not finished
        no difference
        """)
    edit(folder, '"label", print_label', '"tag\\n", print_label')
    shown = run("replay", job, "shop:handlers", cwd=folder, code=1).stdout
    assert "tag\\n   is not stored; 'label' is, and is not reached\n" in shown
    assert shown.endswith("stored steps that are not compared: 1\n1 difference\n")
    data = json.loads(run("replay", job, "shop", "--format", "json", cwd=folder, code=1).stdout)
    assert data["differences"] == 1
    assert data["steps"][0] == {"name": "charge", "attempt": 1, "problem": ""}
    assert (data["end"], data["error"], data["left"], data["enqueued"]) == (None, None, 1, [])


def test_what_the_code_raises(folder: Path, job: str, run: Run) -> None:
    shown = run("replay", job, "shop", cwd=folder, code=1).stdout
    assert "the handler raises Discard: no carrier takes the label (" in shown
    assert "no difference" in shown


def test_the_handlers_of_an_application_that_a_framework_runs(queue: Queue) -> None:
    application = Application(
        dsn=lambda: queue.dsn,
        schema=None,
        jobs=list,
        queues=list,
        services=lambda: None,
        prepare=lambda pool: pool.register("t", lambda context, payload: None),
        program=list,
    )
    job = queue.enqueue(Job(type="t"))
    command = ["replay", str(job.id)]
    done = CliRunner().invoke(commands, command, obj=application)
    assert done.output == "no step of the job is stored\nthe handler returns\nno difference\n"
    done = CliRunner().invoke(commands, [*command, "--pytest", "new.py"], obj=application)
    assert "--pytest needs a PACKAGE" in done.output


def test_mistakes(folder: Path, job: str, run: Run, queue: Queue) -> None:
    unknown = "01900000-0000-7000-8000-000000000000"
    assert "there is no job" in run("replay", unknown, "shop", cwd=folder, code=1).stderr
    other = queue.enqueue(Job(type="other"))
    assert (
        "known types: order.ship" in run("replay", str(other.id), "shop", cwd=folder, code=1).stderr
    )
    taken = folder / "shop.py"
    assert (
        "is there already"
        in run("replay", job, "shop", "--pytest", str(taken), cwd=folder, code=2).stderr
    )
    assert "name a generated package" in run("replay", job, cwd=folder, code=2).stderr


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("    label = ", "    note = 'mine'\n    label = ", "'mine'"),
        ('"label", print_label', '"tag", print_label', "'R-7'"),
    ],
)
def test_the_debugger_opens_in_the_handler(
    folder: Path, job: str, environment: dict[str, str], old: str, new: str, shown: str
) -> None:
    edit(folder, old, new)
    what = "note" if "note" in new else "receipt"
    done = subprocess.run(
        [sys.executable, "-m", "conduit_runtime.cli", "replay", job, "shop", "--pdb"],
        cwd=folder,
        env=environment,
        input=f"p {what}\nq\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert shown in done.stdout
    assert "shop.py" in done.stdout


def outcome_of(folder: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    """Run a written test, where no database is."""
    environment = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_test_is_written(folder: Path, job: str, run: Run) -> None:
    edit(folder, "    raise Discard", "    await job.step('log', str)\n    raise Discard")
    file = folder / "test_ship.py"
    assert f"wrote {file}\n" in run("replay", job, "shop", "--pytest", str(file), cwd=folder).stdout
    assert "payload={'order': 7}," in file.read_text()
    done = outcome_of(folder, file)
    assert done.returncode == 0, done.stdout
    edit(folder, '"label", print_label', '"tag", print_label')
    done = outcome_of(folder, file)
    assert done.returncode == 1
    assert "tag is not stored; 'label' is, and is not reached" in done.stdout


GENERATED = """
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conduit_runtime import JobContext, Sensitive, job_type


@dataclass(frozen=True, slots=True)
class Bill:
    to: str
    card: Sensitive[str]


@dataclass(frozen=True, slots=True)
class Kept:
    receipt: str
    tax: Sensitive[KIND]


@job_type("bill", "0a", steps={"charge": Kept, "approved": None})
async def bill(job: JobContext[Any], payload: Bill) -> None:
    if await job.begins("charge"):
        await job.ends(Kept(f"{payload.to} {payload.card}", VALUE))
    else:
        job.kept(Kept)
    if payload.to == "ada":
        raise ValueError(f"no {payload.card}")
    await job.services.email.send(payload.card)


JOBS = (bill,)
"""


WAITS = 'await job.waits_for("approved", timedelta(days=1))'


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "value"), [("str", "'918273'"), ("int", "918273")])
def test_sensitive_values_stay_masked_or_no_test_is_written(
    folder: Path, queue: Queue, run: Run, kind: str, value: str
) -> None:
    text = GENERATED.replace("KIND", kind).replace("VALUE", value)
    text = text.replace('raise ValueError(f"no {payload.card}")', WAITS)
    (folder / "shop.py").write_text(text)
    payload = {"to": "ada", "card": "ann-s card"}
    job = queue.enqueue(Job(type="bill", fingerprint="0a", payload=payload))
    run("worker", "shop", "--services", "echo", "--yes", "--drain", cwd=folder)
    file = folder / "test_bill.py"
    arguments = ("replay", str(job.id), "shop", "--pytest", str(file))
    if kind == "int":
        stderr = run(*arguments, cwd=folder, code=1).stderr
        assert "with its sensitive values masked, the job does not replay as it did" in stderr
        assert not file.exists()
        return
    run(*arguments, cwd=folder)
    written = file.read_text()
    assert "ann-s card" not in written
    assert "918273" not in written
    assert written.count("[sensitive]") == 3
    assert outcome_of(folder, file).returncode == 0


def test_what_the_code_raises_is_masked(folder: Path, queue: Queue, run: Run) -> None:
    (folder / "shop.py").write_text(GENERATED.replace("KIND", "str").replace("VALUE", "'918273'"))
    payload = {"to": "ada", "card": "ann-s card"}
    job = queue.enqueue(Job(type="bill", fingerprint="0a", payload=payload))
    run("worker", "shop", "--services", "echo", "--yes", "--drain", cwd=folder)
    shown = run("replay", str(job.id), "shop", cwd=folder, code=1).stdout
    assert "the handler raises ValueError: no [sensitive] (" in shown
