"""The name that was probably meant, for a hint."""

from collections.abc import Iterable


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if one is close enough."""
    from difflib import SequenceMatcher, get_close_matches  # slow to import, rarely needed

    folded_wanted = wanted.lower()
    folded = {name.lower(): name for name in sorted(set(known) - {wanted}, reverse=True)}
    if (same := folded.get(folded_wanted)) is not None:
        return same

    def likeness(name: str) -> tuple[float, bool]:
        return SequenceMatcher(None, folded_wanted, name).ratio(), folded_wanted[:1] == name[:1]

    close = get_close_matches(folded_wanted, folded, n=3, cutoff=0.6)
    return folded[max(close, key=likeness)] if close else None


def did_you_mean(wanted: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest name, or None."""
    found = nearest(wanted, known)
    return f"did you mean `{found}`?" if found is not None else None
