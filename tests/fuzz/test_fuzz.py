"""The compiler ends for any text, writes no file beside an error, and writes valid Python."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import mutated, noise
from oracle import check, source, well_typed

pytestmark = pytest.mark.slow

RANDOMS = st.integers(0, 2**32 - 1).map(Random)
FEW = settings(max_examples=60, deadline=None)


@given(RANDOMS)
@FEW
def test_damaged_sources(random: Random) -> None:
    check(mutated(random))


@given(RANDOMS)
@FEW
def test_noise(random: Random) -> None:
    check(noise(random))


@given(RANDOMS, st.booleans(), st.sampled_from(["sync", "async"]))
@settings(max_examples=40, deadline=None)
def test_random_statements(random: Random, in_job: bool, connection: str) -> None:
    lines = well_typed(random, 8)
    check(source(lines, in_job=in_job), connection)
