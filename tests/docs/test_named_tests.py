"""The tests that pages name as proof of a promise exist."""

import re
from pathlib import Path

from page import PAGES, ROOT, read

_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_each_test_that_a_page_names_exists() -> None:
    named = {
        (page.relative_to(ROOT).as_posix(), *found.groups())
        for page in [*PAGES, ROOT / "benchmarks" / "NOTES.md"]
        for found in _NAMED.finditer(page.read_text("utf-8"))
    }
    written = {block.path for page in map(read, PAGES) for block in page.blocks}
    missing = [
        f"{page}: {path}{f'::{test}' * bool(test)}"
        for page, path, test in sorted(named, key=str)
        if path not in written and not holds(ROOT / path, test)
    ]
    assert not missing
    assert "docs/explanation/guarantees.md" in {page for page, _, _ in named}


def holds(file: Path, test: str | None) -> bool:
    """Whether a file exists, and contains the test of this name."""
    if not file.exists():
        return False
    return not test or bool(re.search(rf"^(?:async )?def {test}\(", file.read_text("utf-8"), re.M))


def test_each_guarantee_names_a_cost_and_a_test() -> None:
    page = (ROOT / "docs/explanation/guarantees.md").read_text("utf-8")
    promises, *_ = page.split("## What it does not promise")
    for section in promises.split("\n## ")[1:]:
        name, _, text = section.partition("\n")
        assert "\n- Costs: " in text, name
        assert _NAMED.search(text.partition("\n- Tests: ")[2]), name
