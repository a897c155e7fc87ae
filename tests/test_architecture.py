"""Documents for developers name files that exist; the folders of tests mirror the modules."""

import re
import tomllib
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "runtime"
PLACES = (
    ROOT,
    ROOT / "conduit_async",
    RUNTIME,
    RUNTIME / "conduit_runtime",
    RUNTIME / "conduit_dashboard",
    ROOT / "tests",
)
PAGES = (
    ROOT / "ARCHITECTURE.md",
    ROOT / "conduit_async/README.md",
    ROOT / "runtime/conduit_runtime/README.md",
    ROOT / "runtime/conduit_dashboard/README.md",
    ROOT / "tests/README.md",
    ROOT / "benchmarks/NOTES.md",
)
PATH = re.compile(r"`([\w{},./*]+/[\w{},./*]*|[\w{},*]+\.(?:css|html|js|md|py|sql|toml|txt))`")
LINK = re.compile(r"\]\(([^)#]*)#?([^)]*)\)")
MIRRORS = {"tests/compiler": "conduit_async", "tests/runtime": "runtime/conduit_runtime"}


def expanded(path: str) -> list[str]:
    """Expand `a/{b,c}.py` to `a/b.py` and `a/c.py`."""
    parts = re.split(r"\{([^}]*)\}", path)
    choices = [part.split(",") if place % 2 else [part] for place, part in enumerate(parts)]
    return ["".join(each) for each in product(*choices)]


def _paths() -> set[str]:
    texts = [page.read_text("utf-8") for page in PAGES]
    return {path for text in texts for found in PATH.findall(text) for path in expanded(found)}


@pytest.mark.parametrize("path", sorted(_paths()))
def test_a_path_exists(path: str) -> None:
    if path.startswith("app/"):
        return  # a file of an application
    assert any(any(place.glob(path.rstrip("/"))) for place in PLACES), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_page_and_its_heading(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text("utf-8")):
        target = (page.parent / path).read_text("utf-8")
        headings = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
        assert not anchor or anchor in anchors, (path, anchor)


@pytest.mark.parametrize("tests", MIRRORS)
def test_the_folders_of_tests_mirror_those_of_the_code(tests: str) -> None:
    here, there = ROOT / tests, ROOT / MIRRORS[tests]
    folders = {path.parent.relative_to(here) for path in here.rglob("test_*.py")}
    assert len(folders) > 5
    assert not {folder for folder in folders if not (there / folder).is_dir()}


def test_what_tests_import_of_their_helpers_is_one_module() -> None:
    """All folders of helpers are on one path: of two equal names only the first is found."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    helpers = [
        path
        for folder in options["ini_options"]["pythonpath"]
        for path in (ROOT / folder).glob("*.py")
        if path.name != "conftest.py"
    ]
    names = Counter(path.stem for path in helpers)
    imported = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"^\s*(?:from|import) (\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert not {name for name, count in names.items() if count > 1} & imported
