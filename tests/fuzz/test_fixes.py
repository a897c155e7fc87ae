"""Safe fixes of sources with one mistake: never worse, and mostly the source as it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

import pytest
from mutations import SOURCE_FOLDERS, one_token

from conduit_async.compiler import compile, diagnose
from conduit_async.config import Config
from conduit_async.diagnostics import Edit
from conduit_async.fixes.verify import Fixes, applied

pytestmark = pytest.mark.slow

MISTAKES = 400
LEAST = 0.5
"""The share of single mistakes that the safe fixes mend."""


@dataclass(frozen=True)
class Fixed:
    """A source as it was, with a mistake, and with the safe fixes."""

    sources: Mapping[str, str]
    path: str
    damaged: str
    text: str
    errors: int

    @property
    def errors_left(self) -> int:
        return errors({**self.sources, self.path: self.text})


def errors(sources: Mapping[str, str]) -> int:
    return sum(each.severity == "error" for each in diagnose(sources))


@cache
def valid() -> list[dict[str, str]]:
    return [sources for sources in SOURCE_FOLDERS if not errors(sources)]


def fixed(seed: int) -> Fixed:
    random = Random(seed)
    sources = random.choice(valid())
    path = random.choice(sorted(sources))
    damaged = one_token(random, sources[path])
    now = {**sources, path: damaged}
    found = diagnose(now)
    edits: list[Edit] = []
    for each in Fixes(now, Config()).added_to(found):
        for fix in each.fixes:
            after = max((edit.span.end for edit in edits), default=-1)
            if fix.safe and all(edit.span.start > after for edit in fix.edits):
                edits += [edit for edit in fix.edits if edit.span.source.path == path]
    wrong = sum(each.severity == "error" for each in found)
    return Fixed(sources, path, damaged, applied(damaged, edits), wrong)


def test_a_mistake_in_one_token() -> None:
    mended = wrong = 0
    for seed in range(MISTAKES):
        case = fixed(seed)
        if not case.errors:
            continue
        wrong += 1
        left = case.errors_left
        assert left <= case.errors, (seed, case.damaged, case.text)
        mended += not left
    assert mended >= LEAST * wrong, (mended, wrong)


def test_a_fix_of_a_warning_changes_no_code() -> None:
    """The package is the same, but for the digests and the lines of its sources."""
    tried = 0
    for sources in valid():
        found = Fixes(sources, Config()).added_to(diagnose(sources))
        for each in found:
            for fix in each.fixes:
                if not fix.safe:
                    continue
                tried += 1
                path = each.span.source.path
                text = applied(sources[path], fix.edits)
                before, after = (compile(s).files for s in (sources, {**sources, path: text}))
                assert _code(before) == _code(after), (each.message, text)
    assert tried > 5


def _code(files: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        path: [line for line in text.splitlines() if "conduit:" not in line]
        for path, text in files.items()
        if path.endswith(".py") and path != "_lines.py"
    }
