"""Safe fixes of sources with one mistake: never worse, and mostly the source as it was."""

from collections.abc import Mapping
from functools import cache
from random import Random

import pytest
from mutations import SOURCE_FOLDERS, one_token
from sizes import sized

from conduit_async.compiler import compile, diagnose
from conduit_async.config import Config
from conduit_async.diagnostics import Edit
from conduit_async.fixes.verify import Fixes, applied

pytestmark = pytest.mark.slow

MISTAKES = sized(160)
LEAST = 0.5
"""The share of single mistakes that the safe fixes mend."""


def errors(sources: Mapping[str, str]) -> int:
    return sum(each.severity == "error" for each in diagnose(sources))


@cache
def valid() -> list[dict[str, str]]:
    return [sources for sources in SOURCE_FOLDERS if not errors(sources)]


def damaged(seed: int) -> dict[str, str]:
    """Valid sources, one of which has one mistake."""
    random = Random(seed)
    sources = random.choice(valid())
    path = random.choice(sorted(sources))
    return {**sources, path: one_token(random, sources[path])}


def fixed(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources with the safe fixes, without those that touch an earlier one."""
    edits: list[Edit] = []
    for each in Fixes(sources, Config()).added_to(diagnose(sources)):
        for fix in each.fixes:
            if fix.safe and not any(_touch(edit, other) for edit in fix.edits for other in edits):
                edits += fix.edits
    return {
        path: applied(text, [edit for edit in edits if edit.span.source.path == path])
        for path, text in sources.items()
    }


def _touch(edit: Edit, other: Edit) -> bool:
    is_same = edit.span.source.path == other.span.source.path
    return is_same and edit.span.start <= other.span.end and other.span.start <= edit.span.end


def test_a_mistake_in_one_token() -> None:
    mended = wrong = 0
    for seed in range(MISTAKES):
        sources = damaged(seed)
        before = errors(sources)
        if not before:
            continue
        wrong += 1
        left = errors(fixed(sources))
        assert left <= before, (seed, sources)
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
