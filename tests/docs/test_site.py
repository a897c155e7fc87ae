"""The site builds without a warning: each page is in a contents list, and no link is broken."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from page import ROOT

_LINK = re.compile(r"\]\(([^)\s#:]+)[^)\s:]*\)")
_PAGE = re.compile(r"^- \[.+\]\((.+?\.html)\): .+$", re.MULTILINE)
HOW_TO = ROOT / "docs" / "how-to"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    options = ("-b", "html", "-q", "-W", "--keep-going")
    folders = ("-d", tmp_path / "trees", "docs", tmp_path / "html")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "index.html").exists()
    listed = (tmp_path / "html" / "llms.txt").read_text("utf-8")
    linked = _PAGE.findall(listed)
    assert len(linked) > 50
    assert not [each for each in linked if not (tmp_path / "html" / each).exists()]
    whole = (tmp_path / "html" / "llms-full.txt").read_text("utf-8")
    for part in (
        "after_update(conn, after, before)",
        "ASY907",
        "String.slugify(",
        "--allow ACTION",
    ):
        assert part in whole
    assert "{generated}" not in whole


@pytest.mark.parametrize("page", sorted(path.name for path in ROOT.glob("*.md")))
def test_the_links_of_a_page_outside_the_site_lead_to_files(page: str) -> None:
    linked = _LINK.findall((ROOT / page).read_text("utf-8"))
    assert not [each for each in linked if not (ROOT / each).exists()]


@pytest.mark.parametrize(
    "index", sorted(HOW_TO.rglob("index.md")), ids=lambda path: path.parent.name
)
def test_an_index_of_guides_links_to_each_page_below_it(index: Path) -> None:
    linked = {index.parent / each for each in _LINK.findall(index.read_text("utf-8"))}
    assert {*index.parent.rglob("*.md")} - {index} == linked
