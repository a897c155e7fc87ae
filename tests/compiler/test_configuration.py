"""The configuration takes effect when the package runs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
from conduit_runtime import Queue, WorkerPool, migrate
from generated import compiled, imported, settings_in, sources_in
from psycopg.rows import dict_row

CASE = Path(__file__).parent / "cases/configuration"
TABLE = """
CREATE SCHEMA people;
CREATE TABLE people.accounts (
  id uuid PRIMARY KEY, name text, password text, token text, friend_id uuid
);
"""


class Directory:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def add(self, user: Any) -> None:
        self.seen["add"] = user

    def check(self, password: str, token: str | None) -> None:
        self.seen["check"] = password, token

    def friends(self, users: list[Any]) -> None:
        self.seen["friends"] = users


def test_a_package_is_as_it_is_configured(dsn: str, tmp_path: Path) -> None:
    migrate(dsn, schema="queue")
    directory = Directory()
    key, friend = uuid4(), uuid4()
    files = compiled(sources_in(CASE), settings_in(CASE))
    with imported(files, tmp_path) as package:
        with psycopg.connect(dsn, row_factory=dict_row) as conn:
            conn.execute(TABLE)
            insert = "INSERT INTO people.accounts VALUES (%s, %s, 'secret', 't0k', %s) RETURNING *"
            conn.execute(insert, (friend, "Bo", key))
            row = conn.execute(insert, (key, "Al", friend)).fetchone()
            package.user.after_create(conn, row)
            assert conn.execute("SELECT FROM public.jobs").fetchall() == []
        with Queue(dsn, schema="queue") as queue:
            jobs = {job.type.rpartition("_")[2]: job for job in queue.list()}
            services = SimpleNamespace(directory=directory)
            WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
            assert {job.status for job in queue.list()} == {"completed"}
        add, check = jobs["add"], jobs["check"]
        assert add.type == "shop.user.after_create.directory_add"
        assert (add.queue, add.priority, add.max_attempts) == ("background", 0, 7)
        assert (check.queue, check.priority, check.max_attempts) == ("fast", 90, 1)
        assert package.user.directory_add.rules.timeout == 90
        assert add.payload["user"] == {"id": str(key), "name": "Al", "friend_id": str(friend)}
        assert not hasattr(directory.seen["add"], "password")
        assert directory.seen["check"] == ("secret", "t0k")
        [found] = directory.seen["friends"]
        assert (found.name, hasattr(found, "token")) == ("Bo", False)
