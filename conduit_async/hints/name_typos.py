"""Names that are probably typos of others."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from ..names import method_name, service_name
from ..suggest import nearest

_SHORT_NAME = 4
"""Names of this length may differ by one letter and both be right: `Test` and `Text`."""


def may_be_typos(services: Iterable[str]) -> bool:
    """Whether any of these services may be a typo of another one."""
    return any(others for _, others in close_names(services))


def may_have_typos(methods: Iterable[str]) -> bool:
    """Whether any of these methods of a service may be a typo of another one."""
    return any(others for _, others in close_methods(methods))


def close_names(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each service, with the earlier services that it may be a typo of."""
    return _close(names, _is_near)


def close_methods(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each method of a service, with the earlier methods that it may be a typo of."""
    return _close(names, _is_near_method)


def _close(
    names: Iterable[str], is_near: Callable[[str, str], bool]
) -> Iterator[tuple[str, list[str]]]:
    seen: dict[str, list[str]] = {}
    for name in names:
        lower = name.lower()
        variants = {lower, *(lower[:i] + lower[i + 1 :] for i in range(len(lower)))}
        others = dict.fromkeys(other for variant in variants for other in seen.get(variant, ()))
        yield name, [other for other in others if is_near(name, other)]
        for variant in variants:
            seen.setdefault(variant, []).append(name)


def _is_near(name: str, other: str) -> bool:
    if service_name(name) == service_name(other):
        return False  # a clash, which is an error
    return is_typo(name, other) or name == f"{other}s" or other == f"{name}s"


def _is_near_method(name: str, other: str) -> bool:
    """Whether one name is a typo of the other; at most one of their words may differ."""
    words, others = name.split("_"), other.split("_")
    if method_name(name) == method_name(other):
        return False  # a clash, which is an error
    if len(words) == len(others):
        differing = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
        if len(differing) > 1:
            return False
        name, other = differing[0]
    # `activate` and `reactivate`, `mount` and `count`: a typo is rarely in the first letter
    return name[:1] == other[:1] and is_typo(name, other)


def is_typo(name: str, known: str) -> bool:
    """Whether a name is another one with a letter left out, added, wrong or swapped.

    If one name begins with the other, as `Timer` with `Time`, or they differ only in digits, both
    names are right.
    """
    written, meant = name.lower(), known.lower()
    if written == meant:
        return name != known
    shorter, longer = sorted((written, meant), key=len)
    if len(longer) - len(shorter) > 1 or len(shorter) < _SHORT_NAME or longer.startswith(shorter):
        return False
    if re.sub(r"\d", "", written) == re.sub(r"\d", "", meant):
        return False
    changed = len(shorter) == len(longer) and sorted(shorter) != sorted(longer)
    if changed and len(shorter) == _SHORT_NAME:
        return False
    from rapidfuzz.distance import OSA  # rarely needed

    return OSA.distance(written, meant) <= 1


def likely_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that differs from `name` by a letter or two."""
    near = [k for k in known if k[0] == name[0] and abs(len(k) - len(name)) <= 1]
    letters = set(name)
    meant = {k for k in near if len(letters.intersection(k)) >= len(letters) - 1}
    found = nearest(name, near) if meant else None
    return found if found in meant else None


def without_dot(
    name: str, fields: Collection[str], library: Mapping[str, Collection[str]]
) -> str | None:
    """Return `self.field` or `Namespace.function()` for a name that lacks the dot."""
    if name.startswith("self") and name[4:] in fields:
        return f"self.{name[4:]}"
    for namespace, functions in library.items():
        function = name.removeprefix(namespace)
        if function != name and (function in functions or f"{function}!" in functions):
            return f"{namespace}.{function if function in functions else f'{function}!'}()"
    return None
