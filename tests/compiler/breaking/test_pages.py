"""The page of each rule: comparing its examples finds the rule."""

import re
from collections.abc import Mapping

import pytest
from changed import findings

from conduit_async.breaking.finding import CODES
from conduit_async.cli.explain import pages
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.settings import read_settings
from conduit_async.source import Source

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^(?:Before|Then|Now):$", re.MULTILINE)
ALONG = {
    "BRK110": {"BRK101", "BRK102"},
    "BRK112": {"BRK101"},
    "BRK125": {"BRK121", "BRK126"},
    "BRK140": {"BRK125", "BRK126"},
}
"""Further rules that the example of a rule shows."""


def config(step: Mapping[str, str]) -> Config:
    return read_settings(Source("conduit.toml", step.get("toml", "")), Problems()) or Config()


def test_every_rule_has_a_page_and_no_other() -> None:
    assert {code for code in pages() if code.startswith("BRK")} == CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_example_of_a_page_shows_its_rule(code: str) -> None:
    _, *steps = STEP.split(pages()[code].read_text("utf-8"))
    blocks: list[Mapping[str, str]] = [{}]
    for step in steps:
        blocks.append({**blocks[-1], **dict(BLOCK.findall(step))})
    *earlier, old, new = blocks[1:]
    sources = [each["conduit"] for each in earlier]
    found = findings(old["conduit"], new["conduit"], config(old), config(new), sources)
    assert {each.code for each in found} - ALONG.get(code, set()) == {code}
