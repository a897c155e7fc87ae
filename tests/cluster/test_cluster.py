"""A short run of the cluster; `make cluster` runs it for 200,000 jobs."""

import random
from pathlib import Path

import pytest
from cluster_run import Size, run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]


@pytest.mark.usefixtures("rabbitmq_programs")
def test_the_history_is_right_whatever_part_dies(tmp_path: Path) -> None:
    reports = run(tmp_path, Size(jobs=500, seconds=20, quiet=100), seed=random.randrange(1_000_000))
    for report in reports:
        print(report)
        assert not report.violations, str(report)
        # A fault that did not happen proves nothing.
        assert report.runs > 500
        assert report.judged > 20
    assert sum(report.repeats for report in reports) > 0
    assert sum(report.left_out for report in reports) > 0
