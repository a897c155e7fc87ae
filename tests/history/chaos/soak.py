"""Run chaos for many minutes: `python soak.py MINUTES`, in rounds of a few minutes each."""

import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
from paths import HELPERS

sys.path.extend(HELPERS)
from chaos_run import run
from clock import library
from history_jobs import MAY_BE_ISOLATED

ROUND = 300.0
"""Seconds of a round; after each, everything must end and the history is checked."""

LARGE = 50_000, 100.0
"""Members of a large flow, and seconds until the next."""
KEYED = 0.01
"""Seconds between transactions that enqueue jobs with keys, as long as workers keep up."""


def main(minutes: float) -> int:
    """Print a report for each round; return 1 at the first violation, and keep the logs."""
    end = time.monotonic() + minutes * 60
    keyed = 0
    if library() is None:
        print("Without jumps of the clock: libfaketime is not installed (apt install libfaketime)")
    while (left := end - time.monotonic()) > 0:
        folder = Path(tempfile.mkdtemp(prefix="conduit-chaos-"))
        report = run(
            folder,
            min(ROUND, left),
            seed=random.randrange(1_000_000),
            large=LARGE,
            keyed=KEYED,
            may_be_isolated=MAY_BE_ISOLATED,
        )
        keyed += report.keyed
        print(report, f"{keyed:,} jobs with a key in all rounds", sep="\n", flush=True)
        if report.violations:
            print(f"logs and database are in {folder}")
            return 1
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # this stops the workers as well
    sys.exit(main(float(sys.argv[1])))
