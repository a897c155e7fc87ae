"""A short chaos run; `make soak` runs it for longer."""

import random
from pathlib import Path

import pytest
from chaos_run import JOBS, KEYED_JOBS, TICKS, run
from keyed_run import run_keyed

pytestmark = pytest.mark.slow


@pytest.mark.xdist_group("chaos")
def test_the_history_is_right_whatever_goes_wrong(tmp_path: Path) -> None:
    report = run(tmp_path, seconds=15, seed=random.randrange(1_000_000))
    print(report)
    assert not report.violations, str(report)
    # A fault that did not happen proves nothing.
    assert report.jobs > JOBS
    assert report.repeats > 0
    assert report.judged > 20
    assert report.ticks > TICKS
    assert report.flows > 100
    assert report.keyed > KEYED_JOBS
    assert report.expired > 0
    assert report.refused > 0
    assert report.results > 0
    assert report.left_out > 0


@pytest.mark.xdist_group("keys")
def test_keys_keep_their_promises_whatever_goes_wrong(tmp_path: Path) -> None:
    report = run_keyed(tmp_path, jobs=50_000, seed=random.randrange(1_000_000))
    print(report)
    assert not report.violations, str(report)
    assert report.keyed >= 50_000
    assert report.repeats > 0
    assert report.expired > 0
