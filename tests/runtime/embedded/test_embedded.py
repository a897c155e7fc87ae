"""The embedded Postgres: what keeps it up, what ends it, and where it can be installed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from conduit_runtime import embedded

HASTY = {"fsync": "off"}

HOLDER = """
import sys
from conduit_runtime import embedded
with embedded.server(sys.argv[1], settings={"fsync": "off"}) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pg"


class Holder:
    """A process that holds the server until its standard input ends."""

    def __init__(self, folder: Path, *prefix: str) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", HOLDER, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def dsn(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=120)


@pytest.fixture
def hold(folder: Path) -> Iterator[Callable[[], Holder]]:
    holders: list[Holder] = []

    def make() -> Holder:
        holders.append(Holder(folder))
        return holders[-1]

    yield make
    for holder in holders:
        holder.process.kill()
        holder.process.communicate()
    wait_for(lambda: not processes(folder))


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was never met"
        time.sleep(0.02)


def postmaster(folder: Path) -> int | None:
    """Return the id of the server's first process, or None if the server does not run."""
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, IndexError, ProcessLookupError):
        return None
    return pid


def processes(folder: Path) -> list[psutil.Process]:
    """Return all processes that use this folder: supervisor, server, holders."""
    found = psutil.process_iter(["cmdline"])
    return [each for each in found if str(folder) in " ".join(each.info["cmdline"] or ())]


def value_of(dsn: str, query: str = "SELECT 1") -> object:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def test_it_starts_keeps_its_data_and_ends(folder: Path) -> None:
    with embedded.server(folder) as dsn:
        assert str(value_of(dsn, "SHOW server_version")).startswith("18.")
        assert value_of(dsn, "SHOW timezone") == "UTC"
        assert value_of(dsn, "SHOW fsync") == "on"
        with psycopg.connect(dsn) as conn:
            conn.execute("CREATE TABLE kept (word text)")
    assert postmaster(folder) is None
    with embedded.server(folder, settings=HASTY) as dsn:
        assert value_of(dsn, "SELECT count(*) FROM kept") == 0
    assert postmaster(folder) is None


def test_holds_of_one_process_share_the_server(folder: Path) -> None:
    first = embedded.start(folder, settings=HASTY)
    second = embedded.start(folder)
    assert first.dsn == second.dsn
    first.close()
    first.close()
    assert value_of(second.dsn) == 1
    second.close()
    assert postmaster(folder) is None


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_last_holder_however_that_ends(
    folder: Path, hold: Callable[[], Holder], kind: signal.Signals
) -> None:
    first, second = hold(), hold()
    dsn = first.dsn()
    assert second.dsn() == dsn
    first.process.send_signal(kind)
    first.process.wait(120)
    assert value_of(dsn) == 1
    second.process.send_signal(kind)
    wait_for(lambda: not processes(folder))


def test_a_holder_killed_while_it_starts_leaves_nothing(
    folder: Path, hold: Callable[[], Holder]
) -> None:
    holder = hold()
    wait_for(lambda: (folder / "data.new").exists())
    holder.process.kill()
    wait_for(lambda: not processes(folder))


def test_many_may_start_it_at_once(folder: Path, hold: Callable[[], Holder]) -> None:
    holders = [hold() for _ in range(4)]
    assert len({holder.dsn() for holder in holders}) == 1
    for holder in holders:
        holder.end()
    assert postmaster(folder) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGQUIT, signal.SIGKILL])
def test_a_server_that_dies_in_use_starts_again(folder: Path, kind: signal.Signals) -> None:
    with embedded.server(folder, settings=HASTY) as dsn:
        dead = postmaster(folder)
        assert dead is not None
        os.kill(dead, kind)
        wait_for(lambda: postmaster(folder) not in (None, dead))
        wait_for(lambda: is_up(dsn))
    assert postmaster(folder) is None


def is_up(dsn: str) -> bool:
    try:
        return value_of(dsn) == 1
    except psycopg.OperationalError:
        return False


def command_line(process: psutil.Process) -> str:
    """Return "" for a process that has ended: a backend of the server may end at any time."""
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child its parent's end")
def test_the_server_ends_with_its_supervisor(folder: Path) -> None:
    with embedded.server(folder, settings=HASTY):
        pid = postmaster(folder)
        (supervisor,) = (
            each for each in processes(folder) if "supervisor.py" in command_line(each)
        )
        supervisor.kill()
        wait_for(lambda: not processes(folder))
    with embedded.server(folder, settings=HASTY) as dsn:
        assert value_of(dsn) == 1
        assert postmaster(folder) != pid


def test_a_status_file_left_by_a_power_cut_is_no_obstacle(folder: Path) -> None:
    with embedded.server(folder, settings=HASTY):
        status = (folder / "data" / "postmaster.pid").read_text()
    # The process id in the file now belongs to another program.
    stale = status.replace(status.split()[0], str(os.getppid()), 1)
    (folder / "data" / "postmaster.pid").write_text(stale)
    with embedded.server(folder, settings=HASTY) as dsn:
        assert value_of(dsn) == 1


@pytest.mark.slow
def test_it_can_be_kept_for_those_who_come_later(folder: Path) -> None:
    server = embedded.start(folder, keep=3.0, settings=HASTY)
    server.close()
    with psycopg.connect(server.dsn) as conn:
        # A client uses the server for longer than `keep`.
        until = time.monotonic() + 4
        wait_for(lambda: time.monotonic() > until)
        assert conn.execute("SELECT 1").fetchone() == (1,)
    wait_for(lambda: not processes(folder))


@pytest.mark.parametrize("name", ["with a space", "comma, quote'", "long" * 40])
def test_it_runs_from_any_folder(tmp_path: Path, name: str) -> None:
    with embedded.server(tmp_path / name, settings=HASTY) as dsn:
        assert value_of(dsn) == 1


@pytest.mark.slow
def test_the_programs_may_be_under_a_closed_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = embedded.binaries().parent.parent
    home = tmp_path / "home"
    shutil.copytree(package, home / package.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), home / f"{package.name}.libs")
    home.chmod(0o700)
    programs = home / package.name / "pginstall" / "bin"
    monkeypatch.setattr(embedded, "binaries", lambda: programs)
    with embedded.server(home / "pg", settings=HASTY) as dsn:
        assert value_of(dsn) == 1


def test_its_settings_do_not_depend_on_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("LC_ALL", "xx_XX.nonsense")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with embedded.server(folder, settings=HASTY) as dsn:
        assert value_of(dsn, "SHOW log_timezone") == "UTC"


@pytest.mark.slow
def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with embedded.server(folder, settings=HASTY):
        pass
    version = folder / "data" / "PG_VERSION"
    version.write_text("9.6\n")
    with pytest.raises(embedded.EmbeddedError, match=r"not compatible with this version.*log"):
        embedded.start(folder)


def test_a_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(embedded.EmbeddedError, match="cannot be used"):
        embedded.start(tmp_path / "file" / "pg")


def test_without_the_extra_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedError, match=r"conduit-async\[embedded\]"):
        embedded.start(folder)
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_an_ordinary_user_and_root_may_share_it() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        shutil.chown(home, "nobody")
        folder = home / "pg"
        # The user may read the interpreter and the code in folders of root.
        right = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        right += ("--securebits=+no_setuid_fixup",)
        # The user may not write to the folder of this run's coverage.
        free = ("env", "--unset=COVERAGE_PROCESS_CONFIG")
        user = Holder(folder, *free, "setpriv", "--reuid=nobody", "--clear-groups", *right)
        dsn = user.dsn()
        assert (folder / "data").owner() == "nobody"
        with embedded.server(folder) as shared:
            assert shared == dsn
            user.end()
            assert value_of(dsn) == 1
        assert postmaster(folder) is None
        with embedded.server(folder, settings=HASTY) as dsn:
            assert value_of(dsn) == 1
