"""Snippets have the same results in hooks on asyncpg as on psycopg."""

import dataclasses
from pathlib import Path

import pytest
from probe import PROBE_SETTINGS, as_written, hooks_of, imported, run_on_asyncpg, with_hooks, write
from rows import kinds, plain, read_rows

ROWS = [row for row in read_rows() if row.sign != "x" and "hook" in row.places]


@pytest.mark.slow
def test_the_rows_of_hooks(packages: Path, semantics_dsn: str) -> None:
    folder = packages / "semantics_on_asyncpg"
    settings = dataclasses.replace(PROBE_SETTINGS, connection="async")
    write({"probe.conduit": with_hooks(hooks_of(ROWS))}, folder, settings, as_written)
    with imported(folder) as module:
        seen = run_on_asyncpg(module, semantics_dsn)
    wrong = []
    for row in ROWS:
        key = row.key("hook")
        error = seen.errors.get(key)
        values = [plain(value) for value in seen.values.get(key, [])]
        if row.sign == "!":
            is_right = error is not None and row.wanted.replace("ROW", key) in error
        else:
            wanted = row.value if row.is_statements else [row.value]
            is_right = error is None and (values, kinds(values)) == (wanted, kinds(wanted))
        if not is_right:
            wrong.append(f"{key}: {row.source} gave {error or values}")
    assert not wrong, "\n".join(wrong)
    assert len(ROWS) > 300
