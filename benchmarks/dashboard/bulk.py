"""How long an action on very many jobs takes in the background."""

import time
from typing import Any

import httpx

from ..database import Database
from ..measure import Figure, Options, Results
from .visits import serving

_MANY = 1_000_000
_PAUSE = 0.2
"""Seconds between two reads of the progress."""
_AS_PROGRAM = {"Accept": "application/json"}


def cancelled(database: Database, options: Options, results: Results) -> None:
    """Cancel all pending jobs, stop after a million, and note how long these took."""
    many = options.jobs(_MANY)
    with (
        serving(database) as served,
        httpx.Client(base_url=served.url, timeout=60, headers=_AS_PROGRAM) as client,
    ):
        started = time.perf_counter()
        client.post("/jobs/cancel", data={"all": "1", "status": "pending"}).raise_for_status()
        while (entry := _newest(client))["count"] < many:
            if entry["state"] != "running":
                raise RuntimeError(f"the action is {entry['state']} after {entry['count']:,} jobs")
            time.sleep(_PAUSE)
        taken = (time.perf_counter() - started) * many / entry["count"]
        client.post("/jobs/cancel/stop", data={"action": entry["id"]}).raise_for_status()
    results.add(Figure(f"dashboard: cancel {many:,} jobs that match", "s", [taken]))


def _newest(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/audit").raise_for_status()
    entry: dict[str, Any] = answer.json()["entries"][0]
    return entry
