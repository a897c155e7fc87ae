"""Finds the name that was probably meant, for a hint."""

from collections.abc import Collection, Iterable

_MIN_SIMILARITY = 0.59
"""The least similarity of a name: just below 0.6, three letters of five, which no float is."""

_MAX_LISTED = 8
"""A hint lists at most so many names."""


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if one is close enough."""
    written = wanted.lower()
    folded = {name.lower(): name for name in sorted(set(known) - {wanted}, reverse=True)}
    if not folded or written in folded:
        return folded.get(written)
    from rapidfuzz import process  # rarely needed
    from rapidfuzz.distance import Indel

    names = sorted(folded, key=lambda name: name[:1] != written[:1])  # the same letter wins a tie
    close = process.extract(
        written, names, scorer=Indel.normalized_similarity, score_cutoff=_MIN_SIMILARITY
    )
    return next((folded[name] for name, *_ in close if _is_typo(written, name)), None)


def _is_typo(written: str, name: str) -> bool:
    """Whether one name is the beginning of the other, or they differ in a few letters."""
    from rapidfuzz.distance import OSA

    if written.startswith(name) or name.startswith(written):
        return True
    return OSA.distance(written, name) <= 1 + (len(written) > 4) + len(written) // 8


def did_you_mean(wanted: str, known: Iterable[str], shown: str = "`{}`") -> str | None:
    """A hint with the nearest name as it is `shown`, or None."""
    found = nearest(wanted, known)
    return f"did you mean {shown.format(found)}?" if found is not None else None


def listed(known: Collection[str], most: int = _MAX_LISTED) -> str | None:
    """A hint with all names, if they are few."""
    if not 0 < len(known) <= most:
        return None
    return f"it has {', '.join(f'`{name}`' for name in known)}"
