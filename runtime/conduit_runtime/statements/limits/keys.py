"""Limits by key: which due jobs fit them. The others are parked until their key has room.

A claim chooses under the locks of its limits, so nothing that ends a job has to count. A release
may release too many jobs: the next claim parks them again.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from ...postgres.arrays import array, integers, uuids
from ...postgres.statement import Rows, Statement, nothing
from ...postgres.steps import Steps
from ..claims import J

_ROUNDS = 3
"""How many times a claim looks for further jobs behind those that it has parked."""
PAGE = 1_000
"""The most keys whose parked jobs one statement releases."""


class _Chosen(NamedTuple):
    ids: list[UUID]
    parked: int
    overtaken: list[str]
    any_parked: bool


def choose_by_key(
    claim: Statement[list[J]], limit: int, queues: Collection[str], freed: Collection[str] | None
) -> Steps[tuple[Statement[list[J]], bool]]:
    """Choose the jobs of a claim within the limits by key, and park the others.

    Parked jobs of the `freed` keys are released first, of any keys if it is None. Returns the claim
    of the chosen jobs, and whether there may be more behind those that it parked.
    """
    choosing = Statement(
        "claim/choose_by_key", claim.parameters, _read, {**claim.fragments, "its": "head"}
    )
    chosen: _Chosen = yield choosing
    for _ in range(_ROUNDS):
        is_short = len(chosen.ids) < limit
        keys = {*chosen.overtaken}
        if chosen.any_parked and is_short:
            keys.update((yield parked_keys("")) if freed is None else freed)
            freed = ()
        if keys:
            yield release_keys(keys, queues)
        elif not (chosen.parked and is_short):
            break
        chosen = yield choosing
    found = replace(
        claim,
        parameters={**claim.parameters, "ids": uuids(chosen.ids)},
        fragments={**claim.fragments, "rows": "{claim/these_rows}"},
    )
    return found, bool(chosen.parked or chosen.overtaken)


def _read(rows: Rows, count: int) -> _Chosen:
    [(ids, parked, overtaken, any_parked)] = rows
    return _Chosen(ids or [], parked, overtaken or [], any_parked)


def release_keys(keys: Collection[str], queues: Collection[str] = ()) -> Statement[None]:
    """Release parked jobs of keys that have room. Workers hear of it, except those of `queues`."""
    parameters = {"keys": array(keys), "queues": array(queues)}
    return Statement("limit/release_keys", parameters, nothing, {"queue": "queue", "its": "its"})


def consume_keys(starts: Mapping[tuple[str, str], int]) -> Statement[None]:
    """Count so many starts by type and key."""
    parameters = {
        "types": array([type_ for type_, _ in starts]),
        "keys": array([key for _, key in starts]),
        "counts": integers(starts.values()),
    }
    return Statement("limit/consume_keys", parameters, nothing)


def parked_keys(after: str, limit: int = PAGE) -> Statement[list[str]]:
    """The keys of parked jobs that follow this one, in order; `""` counts as before all keys."""
    return Statement(
        "limit/parked_keys",
        {"after": after, "limit": limit},
        lambda rows, count: [key for (key,) in rows],
        {"follows": ">" if after else ">="},
    )


def awaits_room(queues: Collection[str], types: Collection[str]) -> Statement[bool]:
    """Whether a parked job of these queues and types starts once others have run."""
    return Statement(
        "limit/awaits_room",
        {"queues": array(queues), "types": array(types)},
        lambda rows, count: bool(rows[0][0]),
        {"its": "parked"},
    )
