"""The grammar's table: its conflicts, its cache, and that it runs without Lark."""

import io
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lark import logger

from conduit_async import assets, ast
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.parse.builders import RULES, node_name
from conduit_async.parse.table import compute, table
from conduit_async.source import Source
from conduit_async.tokens import KEYWORDS, OPERATORS

_GRAMMAR = assets.read("grammar/conduit.lark")


def test_conflicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lark resolves shift/reduce conflicts by shifting, and reports them only in its log."""
    log = io.StringIO()
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(log)])
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    compute(_GRAMMAR, debug=True)
    conflicts = set(re.findall(r"conflict for terminal (\w+).*\n \* <(.*)>", log.getvalue()))
    assert conflicts == {
        # After a field, an annotation such as @min belongs to the field, on its line or on the next
        # one. It is a member of its own (with a warning) only if no field precedes it.
        ("FIELD_AT", "annotations : "),
        ("FIELD_AT", "annotations : __annotations_star_2"),
    }


def test_every_alternative_is_built_by_something() -> None:
    for production in table().productions:
        if production.method != production.origin:  # otherwise it may be a list
            assert production.method in RULES or hasattr(ast, node_name(production.method)), (
                production
            )


def test_every_word_and_operator_is_a_terminal() -> None:
    terminals = {symbol for state in table().states for symbol in state}
    assert {*KEYWORDS.values(), *OPERATORS.values()} <= terminals


@pytest.mark.slow
def test_damaged_and_missing_caches_are_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "_cache", lambda: tmp_path / "deep" / "down")
    for damage in (None, b"", b"\xff\xfe", b"x\n{}", b"[1,2"):
        files = list(tmp_path.rglob("grammar-*.json"))
        if damage is not None:
            (file,) = files
            file.write_bytes(damage)
        table.cache_clear()
        assert len(table().states) > 300
        (file,) = tmp_path.rglob("grammar-*.json")
        assert json.loads(file.read_text().partition("\n")[2])["productions"]
    table.cache_clear()


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(assets, "_cache", lambda: tmp_path / "file" / "below")
    table.cache_clear()
    assert len(table().states) > 300
    table.cache_clear()


def test_parsing_from_the_cache_does_not_import_lark() -> None:
    parse(Source("a", ""), Problems())
    program = (
        "import sys; from conduit_async.parse import parse;"
        "from conduit_async.source import Source; from conduit_async.diagnostics import Problems;"
        "parse(Source('a', ''), Problems()); print('lark' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    if assets.load_cached(table_key()) is not None:
        assert runs[1].stdout.strip() == "False"


def table_key() -> str:
    from conduit_async.parse.table import cache_key

    return cache_key(_GRAMMAR)
