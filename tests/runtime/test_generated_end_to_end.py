"""A generated package from the hook to the service, through the real command and the real pool."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from example_app import insert_order, jobs_of, ship
from example_jobs.order import after_create, after_update

EXAMPLE = Path(__file__).parent / "example"


def drain(app_dsn: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a worker on the example until nothing is due."""
    main = "import sys; from conduit_runtime.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", main, "worker", "example_jobs", "--dsn", app_dsn, "--drain"]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        cwd=EXAMPLE,
        env=os.environ | {"PYTHONUTF8": "1"},
        timeout=120,
        check=False,
    )


def test_from_the_hook_to_the_services(conn: psycopg.Connection[Any], app_dsn: str) -> None:
    order = insert_order(conn)
    after_create(conn, order)
    after_update(conn, ship(conn, order), order)
    conn.commit()
    after_create(conn, insert_order(conn, "lost"))
    conn.rollback()

    worker = drain(app_dsn, "--services", "echo", "--yes")
    assert worker.returncode == 0, worker.stderr
    calls = [json.loads(line) for line in worker.stdout.splitlines()]
    assert sorted((call["service"], call["method"]) for call in calls) == [
        ("Email", "send"),
        ("SearchIndex", "add"),
        ("SearchIndex", "update"),
        ("Warehouse", "release"),
        ("Warehouse", "release"),
    ]
    by_type = {call["type"].split(".")[-1]: call for call in calls}
    assert by_type["email_send"]["args"] == ["z@e.de"]
    assert by_type["email_send"]["kwargs"] == {
        "subject": "Dear Zoë, your order AB-1",
        "body": "To DE, was open. ",
    }
    assert by_type["search_index_update"]["kwargs"] == {"state": "shipped", "total": "12.50"}
    assert by_type["search_index_add"]["args"][0]["number"] == "AB-1"
    jobs = jobs_of(conn)
    assert {(job["status"], job["attempts"], job["error"]) for job in jobs} == {
        ("completed", 1, None)
    }
    assert len(jobs) == 5
    assert conn.execute("SELECT notified_at FROM orders").fetchall()[0][0] is not None


@pytest.mark.slow
def test_a_worker_without_a_service_refuses_to_start(
    conn: psycopg.Connection[Any], app_dsn: str
) -> None:
    after_create(conn, insert_order(conn))
    conn.commit()
    worker = drain(app_dsn, "--services", "example_app:insert_order")
    assert worker.returncode != 0
    worker = drain(app_dsn, "--services", "example_app:SCHEMA")
    assert worker.returncode != 0
    assert 'lacks the service "email" (for Email.send)' in worker.stderr
    assert "Traceback" not in worker.stderr
    assert {job["status"] for job in jobs_of(conn)} == {"pending"}
