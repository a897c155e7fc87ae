"""One mistake in a valid source gives at most three errors, and mostly one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random

import pytest
from mutations import SOURCE_FOLDERS, one_mistake
from sizes import sized

from conduit_async.compiler import diagnose

pytestmark = pytest.mark.slow

MUTANTS = sized(1_500)
MOST_ERRORS = 3
EXCEPTIONS = 1
"""How many mutants may have more: without its check, say, each use of a value is an error."""


def errors_of(sources: Mapping[str, str]) -> list[str]:
    found = diagnose(sources)
    return [f"{each.code} {each.message}" for each in found if each.severity == "error"]


def valid() -> Iterator[dict[str, str]]:
    for sources in SOURCE_FOLDERS:
        if not errors_of(sources):
            yield sources


def test_a_mutant_of_a_valid_source_has_few_errors() -> None:
    projects = [*valid()]
    counts: Counter[int] = Counter()
    worse = []
    for seed in range(MUTANTS):
        random = Random(seed)
        sources = random.choice(projects)
        path = random.choice(sorted(sources))
        mutant = one_mistake(random, sources[path])
        errors = errors_of({**sources, path: mutant})
        counts[len(errors)] += 1
        if len(errors) > MOST_ERRORS:
            worse.append((seed, mutant, errors))
    assert len(worse) <= EXCEPTIONS, worse
    assert counts[1] > 0.85 * (MUTANTS - counts[0]), counts
