"""The queue in applications of Flask, served by gunicorn."""

from pathlib import Path

import httpx
import pytest
from conduit_runtime import Job, Queue
from conduit_runtime.contrib.flask import Conduit
from flask import Flask
from waiting import until
from web_server import served

APP = """
import os
from conduit_runtime import Job
from conduit_runtime.contrib.flask import Conduit
from flask import Flask

conduit = Conduit()

def create_app() -> Flask:
    app = Flask(__name__)
    conduit.init_app(app)

    @app.post("/notes")
    def create() -> str:
        job = conduit.queue.enqueue(Job(type="note", payload=os.getpid()))
        return str(job.id)

    with app.app_context():
        conduit.queue.enqueue(Job(type="note", payload=os.getpid()))  # before it is forked
    return app

app = create_app()
"""


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--preload"], []])
def test_each_process_of_gunicorn_has_its_own(tmp_path: Path, dsn: str, options: list[str]) -> None:
    (tmp_path / "app.py").write_text(APP)
    command = ["gunicorn", "app:app", "-b", "127.0.0.1:{port}", "-w", "2", "--threads", "4"]
    output = tmp_path / "out"
    with (
        served([*command, *options], tmp_path, output, CONDUIT_DATABASE_URL=dsn) as server,
        Queue(dsn) as queue,
    ):

        def processes() -> set[object]:
            httpx.post(f"{server.url}/notes").raise_for_status()
            return {job.payload for job in queue.list(limit=500)}

        until(lambda: len(processes()) == (3 if options else 2))
        assert server.stop() == 0


def test_the_queue_of_an_application(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    conduit = Conduit()
    one, two = Flask("one"), Flask("two")
    for app in (one, two):
        conduit.init_app(app)
    one.config["CONDUIT_DATABASE_URL"] = dsn
    monkeypatch.setenv("DATABASE_URL", dsn)
    two.config["CONDUIT_SCHEMA"] = "other"
    with one.app_context():
        queue = conduit.queue
        queue.enqueue(Job(type="t"))
    with one.app_context():
        assert conduit.queue is queue
    with two.app_context():
        assert (conduit.queue.dsn, conduit.queue.schema) == (dsn, "other")
    queue.close()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONDUIT_DATABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with Flask("one").app_context(), pytest.raises(RuntimeError, match=r"call conduit\.init_app"):
        _ = Conduit().queue
    app = Flask("two")
    with app.app_context(), pytest.raises(RuntimeError, match="no database is named: set"):
        _ = Conduit(app).queue
