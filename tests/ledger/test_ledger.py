"""A short run of the ledger; `make soak` runs it for as long as one likes."""

import random
from pathlib import Path

from ledger import JOBS, TICKS, run


def test_the_books_are_right_whatever_goes_wrong(tmp_path: Path) -> None:
    report = run(tmp_path, seconds=15, seed=random.randrange(1_000_000))
    print(report)
    assert not report.faults, str(report)
    # What did not happen proves nothing.
    assert report.jobs > JOBS
    assert report.repeats > 0
    assert report.judged > 20
    assert report.ticks > TICKS
