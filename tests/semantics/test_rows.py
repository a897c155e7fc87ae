"""Snippets have the results that the language says: compiled, enqueued, run, seen by a service."""

from pathlib import Path

import pytest
from out import Out
from probe import PROBE_SETTINGS, check_types, hooks_of, imported, run, with_hooks, write
from rows import Row, kinds, plain, read_rows

from conduit_async.compiler import diagnose

pytestmark = pytest.mark.xdist_group("snippets")

ROWS = read_rows()
RUNNING = [row for row in ROWS if row.sign != "x"]
REFUSED = [row for row in ROWS if row.sign == "x"]
CASES = [pytest.param(row, place, id=row.key(place)) for row in RUNNING for place in row.places]


@pytest.fixture(scope="module")
def package(packages: Path) -> Path:
    """The package of every row that compiles."""
    folder = packages / "semantics_of_rows"
    write({"probe.conduit": with_hooks(hooks_of(RUNNING))}, folder, PROBE_SETTINGS)
    return folder


@pytest.fixture(scope="module")
def seen(package: Path, semantics_dsn: str) -> Out:
    """The service after it received the results of the rows."""
    with imported(package) as module:
        return run(module, semantics_dsn)


@pytest.mark.xdist_group("rows")  # all of these tests use one run of the package
@pytest.mark.parametrize(("row", "place"), CASES)
def test_row(row: Row, place: str, seen: Out) -> None:
    key = row.key(place)
    error = seen.errors.get(key)
    if row.sign == "!":
        assert error is not None, f"{row.source}: no error"
        assert row.wanted.replace("ROW", key) in error
        return
    assert error is None, f"{row.source}: {error}"
    values = [plain(value) for value in seen.values.get(key, [])]
    wanted = row.value if row.is_statements else [row.value]
    assert values == wanted, row.source
    assert kinds(values) == kinds(wanted), row.source


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row.table}_{row.line}") for row in REFUSED]
)
def test_refused_row(row: Row) -> None:
    code, _, part = row.wanted.partition(" ")
    found = [
        f"{each.code} {each.message} {each.hint or ''}"
        for each in diagnose({"probe.conduit": with_hooks(hooks_of([row]))}, PROBE_SETTINGS)
        if each.severity == "error"
    ]
    assert any(each.startswith(code) and part in each for each in found), (row.source, found)


@pytest.mark.slow
@pytest.mark.xdist_group("rows")
def test_mypy_is_content(package: Path) -> None:
    check_types(package)
