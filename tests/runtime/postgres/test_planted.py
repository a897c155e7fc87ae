"""Our statements never call what other roles plant on the search path."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import migrate
from conduit_runtime.postgres import statement
from everything import do_everything
from our_sql import CALL, SQL, called, is_safe, texts
from planted import operators, overloads, types
from psycopg.conninfo import make_conninfo
from queue_use import enqueue_on


@pytest.mark.slow
def test_every_function_is_qualified() -> None:
    assert [
        f"{where}: {call[1]}"
        for where, text in texts()
        for call in CALL.finditer(text)
        if not is_safe(call[1], text, call.end() - 1)
    ] == []


def plant(dsn: str, schema: str, functions: set[str]) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(";".join(overloads(schema, functions)))


def plant_operators(dsn: str, schema: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(";".join([*operators(schema), *types(schema)]))


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The SQL files that the code turns into statements from now on."""
    texts()  # reads all files first
    found: set[str] = set()
    read = Path.read_text

    def read_text(path: Path, *args: Any, **options: Any) -> str:
        if path.suffix == ".sql":
            found.add(path.name)
        return read(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    statement.render.cache_clear()
    return found


@pytest.mark.slow
def test_no_statement_calls_what_is_planted_beside_the_tables(
    empty_dsn: str, rendered: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """As in PostgreSQL 14, where every role may create functions in `public`."""
    ours = {name for name in called() if name.startswith("conduit_")}
    plant_operators(empty_dsn, "public")
    plant(empty_dsn, "public", called() - ours)
    migrate(empty_dsn)
    plant(empty_dsn, "public", ours)
    do_everything(empty_dsn)
    enqueue_on(empty_dsn)
    assert "planted" not in caplog.text
    assert sorted({file.name for file in SQL} - rendered) == []


@pytest.mark.slow
def test_no_statement_calls_what_is_planted_before_pg_catalog(
    empty_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    migrate(empty_dsn)
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("CREATE SCHEMA planted")
    plant_operators(empty_dsn, "planted")
    plant(empty_dsn, "planted", {name for name in called() if not name.startswith("conduit_")})
    dsn = make_conninfo(empty_dsn, options="-csearch_path=planted,pg_catalog,public")
    migrate(dsn, "other")
    do_everything(dsn)
    enqueue_on(dsn)
    assert "planted" not in caplog.text
