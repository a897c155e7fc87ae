"""How many random cases the tests try: TEST_SIZE=4 tries four times as many."""

import os

_SIZE = float(os.environ.get("TEST_SIZE", "1"))


def sized(count: int) -> int:
    """The number of cases, where `count` are enough for each change."""
    return max(1, round(count * _SIZE))


def step(one_in: int) -> int:
    """Which part of all cases to try, where one in `one_in` is enough for each change."""
    return max(1, round(one_in / _SIZE))
