"""`conduit-jobs mcp`: by HTTP, what it refuses, and how it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from agent import connected
from click.testing import CliRunner
from conduit_runtime import Job
from conduit_runtime.cli import commands
from dashboard_site import Site
from mcp.client.streamable_http import streamable_http_client
from waiting import until


@contextmanager
def served(dsn: str, output: Path, *options: str, **environment: str) -> Iterator[str]:
    """The printed address and how to log in, while the command serves HTTP."""
    command = [sys.executable, "-m", "conduit_runtime.cli", "mcp", "--dsn", dsn, "--http"]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--port", "0", *options],
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )

    def said() -> "re.Match[str] | None":
        assert process.poll() is None, output.read_text()
        return re.search("the MCP server is at (.*)\n", output.read_text())

    try:
        found = until(said)
        assert found is not None
        yield found[1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "Traceback" not in output.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_http_with_the_printed_token(dsn: str, tmp_path: Path) -> None:
    with served(dsn, tmp_path / "output") as told:
        url, token = told.split(";")[0], told.split()[-1].rstrip("`")
        client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"})
        with connected(streamable_http_client(url, http_client=client)) as agent:
            assert agent.seen("queues")["queues"] == []
        assert httpx.post(url, json={}).status_code == 401
        assert httpx.post(f"{url}?token={token}", json={}).status_code == 401
        assert httpx.get(f"{url}?token={token}").status_code == 401
        wrong = {"Authorization": "Bearer no"}
        assert "not the token" in httpx.post(url, json={}, headers=wrong).json()["message"]
        forged = {"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}
        assert httpx.post(url, json={}, headers=forged).status_code == 403
        # Another name that leads to this machine, as when a site rebinds its own.
        rebound = {"Authorization": f"Bearer {token}", "Host": "evil.example"}
        assert httpx.post(url, json={}, headers=rebound).status_code == 421


@pytest.mark.slow
def test_http_with_users_and_readers(site: Site, dsn: str, tmp_path: Path) -> None:
    users = {
        "CONDUIT_DASHBOARD_USERS": "ann:password1",
        "CONDUIT_DASHBOARD_READERS": "bob:password2",
    }
    site.queue.enqueue(Job("late", "t", delay=-timedelta(hours=1)))
    site.queue.pause("late")
    allowed = ("--allow", "pause", "--allow", "resume")
    with served(dsn, tmp_path / "output", *allowed, **users) as told:
        url = told.split(";")[0]
        for user, password in (("bob", "password2"), ("ann", "password1")):
            client = httpx2.AsyncClient(auth=(user, password))
            with connected(streamable_http_client(url, http_client=client)) as agent:
                [paused] = agent.seen("overview")["concerns"]
                assert paused["see"] == {"tool": "queues", "arguments": {"queue": "late"}}
                resume = {"tool": "resume", "arguments": {"queue": "late"}}
                assert paused["mend"] == (None if user == "bob" else resume)
                if user == "bob":
                    for queue, dry_run in (("mail", False), ("mail", True), ("late", False)):
                        refused = agent.refused("pause", queue=queue, dry_run=dry_run)
                        assert "You may not do this: pause." in refused
                else:
                    assert agent.call("pause", queue="mail", dry_run=False)["count"] == 1
    assert site.sql("SELECT actor FROM conduit_audit") == [("ann, mcp:agent",)]


@pytest.mark.slow
def test_a_session_of_another_user_gives_no_rights(site: Site, dsn: str, tmp_path: Path) -> None:
    users = {
        "CONDUIT_DASHBOARD_USERS": "ann:password1",
        "CONDUIT_DASHBOARD_READERS": "bob:password2",
    }
    ann, bob = ("ann", "password1"), ("bob", "password2")
    accept = {"Accept": "application/json, text/event-stream"}
    about = {"protocolVersion": "2025-06-18", "capabilities": {}}
    about["clientInfo"] = {"name": "agent", "version": "1"}
    pause = {"name": "pause", "arguments": {"queue": "mail", "dry_run": False}}
    with served(dsn, tmp_path / "output", "--allow", "pause", **users) as told:

        def send(user: tuple[str, str], method: str, parameters: Any, **headers: str) -> Any:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
            url = told.split(";")[0]
            return httpx.post(url, json=body, auth=user, headers=accept | headers, timeout=60)

        begun = send(ann, "initialize", about)
        session = {"mcp-session-id": begun.headers["mcp-session-id"]}
        refused = send(bob, "tools/call", pause, **session)
        assert "You may not do this: pause." in refused.text
        assert site.sql("SELECT actor FROM conduit_audit") == []
        assert '"count":1' in send(ann, "tools/call", pause, **session).text.replace(" ", "")
    assert site.sql("SELECT actor FROM conduit_audit") == [("ann, mcp:agent",)]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_a_signal(dsn: str, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "conduit_runtime.cli", "mcp", "--dsn", dsn]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(60) == -number
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.slow
def test_without_the_extra(dsn: str) -> None:
    program = "import sys; sys.modules['mcp'] = None; from conduit_runtime.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "mcp", "--dsn", dsn],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert (
        done.stderr == "Error: the command needs the SDK of MCP: pip install 'conduit-async[mcp]'\n"
    )


def refused(*options: str) -> str:
    done = CliRunner().invoke(commands, ["mcp", *options], env={})
    assert done.exit_code != 0
    return " ".join(done.output.split())


def test_what_it_refuses(empty_dsn: str) -> None:
    assert "'delete' is not one of 'retry'" in refused("--allow", "delete")
    assert "run `conduit-jobs migrate`" in refused("--dsn", empty_dsn)


def test_an_address_without_http() -> None:
    assert "--port is for --http" in refused("--port", "8001")
    assert "--host is for --http" in refused("--host", "127.0.0.1")


def test_it_listens_elsewhere_with_credentials_only(dsn: str) -> None:
    assert "lets other machines in" in refused("--dsn", dsn, "--http", "--host", "0.0.0.0")
