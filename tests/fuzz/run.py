"""A long run: `python tests/fuzz/run.py MINUTES [SEED]` prints each text that breaks a rule."""

import sys
import time
import traceback
from random import Random

from oracle import check, random_text


def main(minutes: float, seed: int) -> int:
    """Try texts until the time is over; the number of those that failed."""
    end = time.monotonic() + minutes * 60
    tried = clean = failed = 0
    while time.monotonic() < end:
        text = ""
        try:
            text = random_text(Random(seed + tried))
            clean += check(text, "async" if tried % 2 else "sync")
        except Exception:
            failed += 1
            print(f"seed {seed + tried}\n{text}\n{traceback.format_exc()}", flush=True)
        tried += 1
    print(f"{tried} texts, {clean} without errors of their own, {failed} failures")
    return failed


if __name__ == "__main__":
    first = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 2**32
    sys.exit(main(float(sys.argv[1]), first) > 0)
