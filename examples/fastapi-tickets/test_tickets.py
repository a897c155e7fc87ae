"""Starts the application as a user does, and talks to it over HTTP: `pytest`."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
NEW = {"email": "ada@example.com", "subject": "The loom", "body": "It does nicht work"}


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """The first true value of the condition; fails after the deadline."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return value


@pytest.fixture(params=["in the application", "apart"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a fresh application, whose worker is in it or apart."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "PYTHONPATH": str(HERE)}
    environment |= {"TICKETS_WORKER": request.param, "PYTHONUNBUFFERED": "1"}
    application = subprocess.Popen([sys.executable, HERE / "app.py"], cwd=tmp_path, env=environment)
    processes = [application]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:

        def answers() -> bool:
            assert application.poll() is None, "the application ended"
            try:
                return client.get("/jobs").is_success
            except httpx.TransportError:
                return False

        try:
            until(answers)
            if request.param == "apart":
                command = ["worker", "jobs", "--services", "services:services"]
                worker = [sys.executable, "-m", "conduit_runtime.cli", *command]
                processes.append(subprocess.Popen(worker, cwd=tmp_path, env=environment))
            else:
                until(lambda: client.get("/health/ready").is_success)
            yield client
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(60)


def test_a_ticket_from_its_question_to_its_end(client: httpx.Client) -> None:
    created = client.post("/tickets", json=NEW).raise_for_status().json()
    path = f"/tickets/{created['id']}"
    acknowledged = until(lambda: (t := client.get(path).json())["acknowledged_at"] and t)
    assert (acknowledged["language"], acknowledged["state"]) == ("de", "open")

    reply = {"author": "Grace", "body": "Oil it"}
    answered = client.post(f"{path}/replies", json=reply).raise_for_status().json()
    assert answered["state"] == "answered"
    solved = client.patch(path, json={"state": "solved"}).raise_for_status().json()
    assert solved["solved_at"] is not None  # by the hook, in the same request

    client.patch(path, json={"state": "solved"}).raise_for_status()  # changes nothing
    assert client.post("/tickets", json={"email": "a"}).status_code == 422
    assert client.get(f"/tickets/{created['id'][::-1]}").status_code in (404, 422)
    done = {"pending": 0, "completed": 3, "failed": 0}
    assert until(lambda: (jobs := client.get("/jobs").json()) == done and jobs)
