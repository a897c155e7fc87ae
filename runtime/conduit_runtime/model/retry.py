"""When a failed attempt is made again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from .arguments import describe_argument

BackoffKind = Literal["exponential", "linear", "constant"]
JITTER = 0.1
LONGEST = timedelta(days=365).total_seconds()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a job waits after its n-th failed attempt.

    `base` is in seconds: exponential waits base × 1, 2, 4, 8 …, linear base × 1, 2, 3 …, constant
    base each time; never longer than a year.
    """

    backoff: BackoffKind = "exponential"
    base: float = 60.0

    def delay(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after failed attempt number `attempt`, from 1.

        `jitter` from 0 to 1 lengthens the wait by up to 10 %, so that jobs that failed together
        do not come back together.
        """
        if self.backoff == "exponential":
            factor = 2.0 ** min(attempt - 1, 40)
        elif self.backoff == "linear":
            factor = float(attempt)
        else:
            factor = 1.0
        return min(self.base * factor, LONGEST) * (1 + JITTER * jitter)


DEFAULT_POLICY = RetryPolicy()


def check_backoff(backoff: object) -> None:
    """Raise ValueError for what is no way to wait."""
    if backoff not in get_args(BackoffKind):
        raise ValueError(
            describe_argument("backoff", backoff, " or ".join(map(repr, get_args(BackoffKind))))
        )
