"""`conduitc guide` is one page, whose sources compile."""

import re

import pytest

from conduit_async.cli import run
from conduit_async.compiler import diagnose
from conduit_async.library import LIBRARY

MOST_WORDS = 6_000


@pytest.fixture
def guide(capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["guide"]) == 0
    return capsys.readouterr().out


def test_it_is_short(guide: str) -> None:
    assert 3_000 < len(guide.split()) < MOST_WORDS


def test_its_sources_compile(guide: str) -> None:
    sources = re.findall(r"^```conduit\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    assert len(sources) > 8
    for source in sources:
        assert not [each for each in diagnose({"a.conduit": source}) if each.severity == "error"]


def test_it_has_the_library_and_nothing_that_leads_elsewhere(guide: str) -> None:
    for functions in LIBRARY.values():
        for each in functions.values():
            assert re.search(rf"^{re.escape(each.call)}\(.*\) -> .*[^]]$", guide, re.MULTILINE)
    assert "](" not in re.sub(r"```.*?```", "", guide, flags=re.DOTALL)
    assert "{toctree}" not in guide
