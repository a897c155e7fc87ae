"""A covering array: few rows in which each pair of values that may meet meets."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, product

Pair = frozenset[tuple[str, str]]
Row = dict[str, str]


def pairs_of(axes: Mapping[str, Sequence[str]], meet: Callable[[str, str], bool]) -> set[Pair]:
    """Every pair of values of two axes that may meet."""
    return {
        frozenset(((one, a), (other, b)))
        for one, other in combinations(axes, 2)
        for a, b in product(axes[one], axes[other])
        if meet(a, b)
    }


def pairs_in(row: Row) -> Iterable[Pair]:
    """The pairs of values of a row."""
    return map(frozenset, combinations(row.items(), 2))


def covering(
    axes: Mapping[str, Sequence[str]], meet: Callable[[str, str], bool], seed: int = 1
) -> list[Row]:
    """Rows that cover every pair; the same ones each time.

    Each row begins with a pair that is not covered yet. Of some random ways to complete it, the row
    takes the one that covers the most. Raises ValueError for a pair that fits into no row.
    """
    chance = random.Random(seed)
    left = pairs_of(axes, meet)
    rows = []
    while left:
        first = min(left, key=sorted)
        found = [row for _ in range(60) if (row := _completed(dict(first), axes, meet, chance))]
        if not found:
            raise ValueError(f"{sorted(first)} fits into no row")
        best = max(found, key=lambda row: sum(pair in left for pair in pairs_in(row)))
        left.difference_update(pairs_in(best))
        rows.append({axis: best[axis] for axis in axes})
    return rows


def _completed(
    row: Row,
    axes: Mapping[str, Sequence[str]],
    meet: Callable[[str, str], bool],
    chance: random.Random,
) -> Row | None:
    """The row with a random value of each other axis; None at a dead end."""
    missing = [axis for axis in axes if axis not in row]
    chance.shuffle(missing)
    for axis in missing:
        fitting = [each for each in axes[axis] if all(meet(each, had) for had in row.values())]
        if not fitting:
            return None
        row[axis] = chance.choice(fitting)
    return row
