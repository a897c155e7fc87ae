"""Run chaos for many minutes: `python soak.py MINUTES`, in rounds of a few minutes each.

Then come rounds of short jobs with keys, a million for each hour; they take as long as they need.
"""

import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
from paths import HELPERS

sys.path.extend(HELPERS)
from chaos_report import Report
from chaos_run import run
from clock import library
from history_jobs import MAY_BE_ISOLATED
from keyed_run import run_keyed

ROUND = 300.0
"""Seconds of a round; after each, everything must end and the history is checked."""

LARGE = 50_000, 100.0
"""Members of a large flow, and seconds until the next."""
KEYED = 0.01
"""Seconds between transactions that enqueue jobs with keys, as long as workers keep up."""
KEYED_A_MINUTE, KEYED_A_ROUND = 1_000_000 / 60, 100_000
"""How many short jobs with keys run for each minute, and at most in a round."""


def main(minutes: float) -> int:
    """Print a report for each round; return 1 at the first violation, and keep the logs."""
    end = time.monotonic() + minutes * 60
    if library() is None:
        print("Without jumps of the clock: libfaketime is not installed (apt install libfaketime)")
    while (left := end - time.monotonic()) > 0:
        mixed = partial(run, large=LARGE, keyed=KEYED, may_be_isolated=MAY_BE_ISOLATED)
        if not _passes(partial(mixed, seconds=min(ROUND, left))):
            return 1
    wanted = int(minutes * KEYED_A_MINUTE)
    for done in range(0, wanted, KEYED_A_ROUND):
        jobs = min(KEYED_A_ROUND, wanted - done)
        if not _passes(partial(run_keyed, jobs=jobs)):
            return 1
        print(f"{done + jobs:,} of {wanted:,} jobs with keys", flush=True)
    return 0


def _passes(chaos_round: Callable[..., Report]) -> bool:
    """Run a round and print its report; keep its folder if there are violations."""
    folder = Path(tempfile.mkdtemp(prefix="conduit-chaos-"))
    report = chaos_round(folder, seed=random.randrange(1_000_000))
    print(report, flush=True)
    if report.violations:
        print(f"logs and database are in {folder}")
        return False
    shutil.rmtree(folder)
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # this stops the workers as well
    sys.exit(main(float(sys.argv[1])))
