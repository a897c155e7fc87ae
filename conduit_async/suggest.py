"""The name that was probably meant, for a hint."""

from collections.abc import Collection, Iterable

_FEW = 9
"""Fewer names are all told."""


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if one is close enough."""
    from difflib import SequenceMatcher, get_close_matches  # slow to import, rarely needed

    folded_wanted = wanted.lower()
    folded = {name.lower(): name for name in sorted(set(known) - {wanted}, reverse=True)}
    if (same := folded.get(folded_wanted)) is not None:
        return same

    def likeness(name: str) -> tuple[float, bool]:
        return SequenceMatcher(None, folded_wanted, name).ratio(), folded_wanted[:1] == name[:1]

    close = get_close_matches(folded_wanted, folded, n=5, cutoff=0.6)
    likely = [name for name in close if _is_typo(folded_wanted, name)]
    return folded[max(likely, key=likeness)] if likely else None


def _is_typo(written: str, name: str) -> bool:
    """Whether one is the beginning of the other, or few letters set them apart."""
    if written.startswith(name) or name.startswith(written):
        return True
    return distance(written, name) <= 1 + (len(written) > 4) + len(written) // 8


def distance(a: str, b: str) -> int:
    """How many letters have to be added, left out, changed or swapped with the next one."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            cost = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def did_you_mean(wanted: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest name, or None."""
    found = nearest(wanted, known)
    return f"did you mean `{found}`?" if found is not None else None


def listed(known: Collection[str]) -> str | None:
    """All names, if they are few."""
    return f"it has {', '.join(f'`{name}`' for name in known)}" if len(known) < _FEW else None
