"""`conduit-jobs dashboard`: where it listens, who may enter, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from conduit_runtime import Queue, migrate
from conduit_runtime.cli import commands
from waiting import until

Start = Callable[..., AbstractContextManager["Started"]]


class Started:
    """The running command: its output and its address."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def address(self) -> str:
        """The address of the dashboard; waits until the command prints it."""
        found = until(lambda: re.search(r"the dashboard is at (\S+?)(;|\n)", self._alive()))
        assert found is not None
        return found[1]

    def _alive(self) -> str:
        assert self.process.poll() is None, self.output
        return self.output

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(120)


@pytest.fixture
def start(dsn: str, tmp_path: Path) -> Start:
    """Starts the command on a database of the test's own and a free port."""

    @contextmanager
    def starting(*options: str, **environment: str) -> Iterator[Started]:
        command = [sys.executable, "-m", "conduit_runtime.cli", "dashboard", "--dsn", dsn]
        output = tmp_path / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*command, "--port", "0", *options],
                env={**os.environ, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Started(process, output)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    return starting


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_an_address_that_lets_in(start: Start, number: signal.Signals) -> None:
    with start() as started, httpx.Client(follow_redirects=True) as client:
        url = httpx.URL(started.address).copy_with(path="/queues")
        assert url.host == "127.0.0.1"
        assert client.get(url.copy_with(query=None)).status_code == 401
        response = client.get(url)
        assert (response.status_code, response.url.query) == (200, b"")
        assert "server" not in response.headers
        assert started.stop(number) == 0
        # The token is in the printed address and nowhere else.
        assert started.output.count(url.params["token"]) == 1
        assert "Traceback" not in started.output


@pytest.mark.slow
def test_it_stops_while_pages_are_open(start: Start) -> None:
    with start() as started, httpx.Client(follow_redirects=True) as client:
        client.get(started.address)
        url = httpx.URL(started.address).copy_with(path="/queues", query=None)
        with client.stream("GET", url, headers={"Accept": "text/event-stream"}) as response:
            lines = response.iter_lines()
            assert any('"problem":""' in line for line in lines)
            assert started.stop() == 0
            assert not any("problem" in line for line in lines)  # the stream ends
        assert not re.search("Traceback|ERROR|completing", started.output)


@pytest.mark.slow
def test_a_schema_of_its_own(start: Start, dsn: str) -> None:
    migrate(dsn, "our jobs")
    token = "0123456789abcdef"
    given = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    with (
        Queue(dsn, "our jobs") as queue,
        start("--schema", "our jobs", CONDUIT_DASHBOARD_TOKEN=token) as started,
    ):
        queue.pause("there")
        page = httpx.get(f"{started.address}queues", headers=given).json()
        assert [each["queue"] for each in page["queues"]] == ["there"]


@pytest.mark.slow
def test_a_refused_login_is_logged_without_what_was_tried(start: Start) -> None:
    with start() as started:
        url = httpx.URL(started.address).join("/queues?token=a-wrong-one")
        assert httpx.get(url).status_code == 401
        until(lambda: "a login from 127.0.0.1 was refused" in started.output)
        assert "a-wrong-one" not in started.output


@pytest.mark.slow
def test_two_of_one_host_keep_their_cookies_apart(start: Start) -> None:
    with start() as one, httpx.Client(follow_redirects=True) as client:
        first = httpx.URL(one.address).copy_with(path="/queues")
        client.get(first)
        with start() as other:
            second = httpx.URL(other.address).copy_with(path="/queues")
            client.get(second)
            assert len(client.cookies) == 2
            for url in (first, second):
                assert client.get(url.copy_with(query=None)).status_code == 200


@pytest.mark.slow
def test_the_token_of_the_environment(start: Start) -> None:
    token = "0123456789abcdef"
    with start(CONDUIT_DASHBOARD_TOKEN=token) as started:
        url = started.address
        assert token not in started.output
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{url}queues", headers=headers).status_code == 200


@pytest.mark.slow
def test_users_of_the_environment(start: Start) -> None:
    with start(CONDUIT_DASHBOARD_USERS="ann:password1 bob:password2") as started:
        url = f"{started.address}queues"
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, auth=("bob", "password2")).status_code == 200
        assert httpx.get(url, auth=("bob", "password1")).status_code == 401
        assert "password" not in started.output.replace("a user and a password of", "")


@pytest.mark.slow
def test_read_only_changes_nothing(start: Start, dsn: str) -> None:
    token = "0123456789abcdef"
    with start("--read-only", CONDUIT_DASHBOARD_TOKEN=token) as started, Queue(dsn) as queue:
        response = httpx.post(
            f"{started.address}queues/pause",
            data={"queue": "mail"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert response.status_code == 403
        assert "read-only" in response.text
        assert queue.queues() == []


@pytest.mark.slow
@pytest.mark.parametrize("passed_on", [True, False])
@pytest.mark.parametrize(
    ("prefix", "root"),
    [
        ("ops/jobs/", "/ops/jobs"),
        ("/ops%2Fjobs", "/ops%2Fjobs"),
        ("/our jobs", "/our%20jobs"),
        ("/jobs", "/jobs"),
        ("//evil.example", "/evil.example"),
    ],
)
def test_behind_the_path_of_a_proxy(start: Start, prefix: str, root: str, passed_on: bool) -> None:
    with start("--prefix", prefix) as started, httpx.Client() as client:
        url = httpx.URL(started.address)
        path, query = url.raw_path.split(b"?")
        assert path.decode() == f"{root}/"
        asked = f"{root}/queues" if passed_on else "/queues"
        response = client.get(url.copy_with(raw_path=asked.encode() + b"?" + query))
        assert response.headers["Location"] == f"{root}/queues"
        assert f"Path={root};" in response.headers["Set-Cookie"]
        cookie = response.headers["Set-Cookie"].partition(";")[0]
        there = url.copy_with(raw_path=asked.encode())
        page = client.get(there, headers={"Cookie": cookie})
        assert page.status_code == 200
        assert f'href="{root}/queues"' in page.text


@pytest.mark.slow
def test_it_listens_elsewhere_with_credentials_only(start: Start) -> None:
    with start("--host", "0.0.0.0") as started:
        assert started.process.wait(60) == 2
        assert "lets other machines in: set CONDUIT_DASHBOARD_USERS" in " ".join(
            started.output.split()
        )
    with start("--host", "0.0.0.0", CONDUIT_DASHBOARD_TOKEN="0123456789abcdef") as started:
        port = httpx.URL(started.address).port
        assert httpx.get(f"http://127.0.0.1:{port}/queues").status_code == 401


def refused(options: Sequence[str], dsn: str, **environment: str) -> str:
    done = CliRunner().invoke(commands, ["dashboard", "--dsn", dsn, *options], env={**environment})
    assert done.exit_code != 0
    return " ".join(done.output.split())


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_all_addresses_of_the_machine_are_elsewhere(dsn: str, host: str) -> None:
    assert "lets other machines in" in refused(["--host", host, "--port", "0"], dsn)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"CONDUIT_DASHBOARD_TOKEN": "short"}, "CONDUIT_DASHBOARD_TOKEN is too short"),
        ({"CONDUIT_DASHBOARD_USERS": "ann"}, "an entry that is not user:password"),
        ({"CONDUIT_DASHBOARD_USERS": "ann:"}, "an entry that is not user:password"),
        ({"CONDUIT_DASHBOARD_USERS": ":password"}, "an entry that is not user:password"),
        ({"CONDUIT_DASHBOARD_USERS": "ann:pwned"}, "the password of ann is too short"),
        (
            {"CONDUIT_DASHBOARD_USERS": "ann:password", "CONDUIT_DASHBOARD_TOKEN": "x" * 16},
            "exclude each other",
        ),
        (
            {
                "CONDUIT_DASHBOARD_USERS": "ann:password",
                "CONDUIT_DASHBOARD_READERS": "ann:other123",
            },
            "name a user once",
        ),
    ],
)
def test_credentials_that_cannot_be_used(dsn: str, environment: dict[str, str], words: str) -> None:
    output = refused([], dsn, **environment)
    assert words in output
    assert "pwned" not in output


def test_a_port_that_is_taken(dsn: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        output = refused(["--port", str(taken.getsockname()[1])], dsn)
    assert "cannot be used (Address already in use)" in output


@pytest.mark.parametrize("host", ["nowhere.invalid", "not an address", "x" * 300, "1.2.3.4"])
def test_an_address_that_cannot_be_had(dsn: str, host: str) -> None:
    output = refused(["--host", host, "--port", "0"], dsn, CONDUIT_DASHBOARD_TOKEN="x" * 16)
    assert "port 0 cannot be used (" in output


@pytest.mark.parametrize("url", ["https://trace.example/", "javascript:{trace_id}", "{trace_id}"])
def test_an_address_of_traces_that_cannot_be_used(dsn: str, url: str) -> None:
    assert "{trace_id}" in refused(["--trace-url", url, "--port", "0"], dsn)


def test_a_database_without_our_tables(empty_dsn: str) -> None:
    assert "run `conduit-jobs migrate`" in refused(["--port", "0"], empty_dsn)


def test_a_database_that_does_not_respond() -> None:
    dsn = "postgresql://ann:pwned@127.0.0.1:1/none"
    output = refused(["--port", "0"], dsn)
    assert "the database cannot be used" in output
    assert "pwned" not in output
