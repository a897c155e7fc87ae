"""Every page of the documentation is run as it is written, from top to bottom.

A block after a line such as "`app/web.py`:" is a file. Blocks of `console` hold `$ command` lines
and their output, in which `…` stands for any text. A command that ends with ` &` is a server, which
runs until the end of the page. Blocks of `python` run in one namespace, blocks of `conduit` are
compiled, blocks of `sql` run in the database, and data is parsed.

Comments ask for more. `<!-- wait: ADDRESS -->` waits for an address, with a part of its answer if
that matters; `<!-- wait: TEXT -->` waits until a server prints a text; `<!-- stop -->` stops the
servers. `<!-- not run: REASON -->` and `<!-- diagnostic: CODE -->` come before a block. `<!--
database: none -->` is for a page that starts its own, `<!-- broker: one -->` for one that uses
RabbitMQ, `<!-- follows: PAGE -->` for one that continues another, and `<!-- each section follows:
SECTION -->` for one whose sections are stories of their own. `<!-- python: … -->` holds code that
readers need not see.
"""

import shutil
from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path

import pytest
from command_line import Forks
from page import PAGES, WHOLE_TUTORIAL, read
from story import PROGRAMS, environment, happen

READ = [read(page) for page in PAGES]
FOLLOWED = {block.page for page in READ for block in page.blocks if block.page != page.name}
"""Pages that other pages follow. They run before those."""
STORIES = {
    f"{page.name}{f' ({name})' * bool(name)}": (page, blocks)
    for page in READ
    if page.name not in FOLLOWED | {WHOLE_TUTORIAL}
    for name, blocks in page.stories().items()
    if blocks
}


FIRST = "README.md"
"""The page of the quick tests; the others together take long."""


@pytest.fixture(scope="session")
def programs(forks: Forks) -> Iterator[dict[str, Forks]]:
    """The forks in which the pages' commands run, by the names of the programs."""
    with Forks("compiler_forks.py") as compilers:
        yield {"conduit-jobs": forks, "conduitc": compilers}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name != FIRST)) for name in STORIES],
)
def test_a_page(name: str, tmp_path: Path, empty_dsn: str, request: pytest.FixtureRequest) -> None:
    page, blocks = STORIES[name]
    if any("$ curl " in block.text for block in blocks) and not shutil.which("curl"):
        pytest.skip("curl is not installed")
    database = None if page.asked.get("database") == "none" else empty_dsn
    told = environment(database, PROGRAMS)
    if "broker" in page.asked:
        told["CONDUIT_BROKER_URL"] = request.getfixturevalue("broker_url")
    programs = {} if name == FIRST else request.getfixturevalue("programs")
    happen(blocks, tmp_path / "empty", told, programs)


def test_the_tutorial_begins_with_the_example_of_the_readme() -> None:
    readme, first = (
        [
            (block.language, block.path, block.text)
            for block in dropwhile(lambda block: block.path is None, page.blocks)
        ]
        for name in ("README.md", "docs/tutorial/first-job.md")
        for page in READ
        if page.name == name
    )
    assert first[: len(readme)] == readme
