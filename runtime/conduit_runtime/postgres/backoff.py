"""Waits between retries of a repeated failure, and logs the failure once."""

import logging
import random
import time

LONGEST = 2.0
"""The most seconds between two tries, so that a promoted standby is found within that time."""
CALM = 30.0
"""The seconds without a failure after which the next failure is logged again."""


def delay_after(failures: int, longest: float = LONGEST) -> float:
    """Seconds to wait after the n-th failure; random, so that not all workers retry together."""
    return min(0.1 * 2.0 ** min(failures - 1, 6), longest) * random.uniform(0.5, 1.0)  # noqa: S311


class Backoff:
    """Logs once that `what` fails, and returns the seconds until the next try, up to `longest`."""

    def __init__(self, log: logging.Logger, what: str, longest: float = LONGEST) -> None:
        self._log = log
        self._what = what
        self._longest = longest
        self._failures = 0
        self._calm_at = 0.0

    def next_delay(self, error: BaseException) -> float:
        """Count a failure; returns the seconds until the next try."""
        now = time.monotonic()
        if now >= self._calm_at:
            reason = str(error).strip().partition("\n")[0]
            self._log.warning("%s, trying again: %s", self._what, reason or type(error).__name__)
        self._calm_at = now + CALM
        self._failures += 1
        return delay_after(self._failures, self._longest)

    def reset(self) -> bool:
        """Note a success: the next failure is retried soon. Returns whether there were failures."""
        failures, self._failures = self._failures, 0
        return failures > 0
