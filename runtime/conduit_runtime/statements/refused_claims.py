"""Claims around the jobs whose claim Postgres refuses, as a constraint or a trigger may."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from ..model.claimed import Claimed
from ..model.job import Job
from ..postgres.arrays import array, uuids
from ..postgres.statement import Rows, Statement, counted
from ..postgres.steps import Steps

T = TypeVar("T")
J = TypeVar("J", Claimed, Job)

_ROUNDS = 20
"""Claims in a row that may meet nothing but refused jobs."""


class RefusedClaim(NamedTuple, Generic[J]):
    """A job that Postgres refuses to claim: how many times in a row, and why.

    It is due again later. If Postgres refuses that as well, `refusals` is None and its row is as it
    was: further claims have to skip it.
    """

    job: J
    refusals: int | None
    reason: str


class Apart(NamedTuple, Generic[J]):
    """The jobs that a claim took, and those that Postgres refused."""

    jobs: list[J]
    refused: list[RefusedClaim[J]]

    @property
    def stuck(self) -> list[UUID]:
        """The refused jobs that further claims have to skip."""
        return [each.job.id for each in self.refused if each.refusals is None]


def skipping(claim: Statement[T], ids: Collection[UUID]) -> Statement[T]:
    """The claim, without these jobs."""
    if not ids:
        return claim
    return replace(
        claim,
        parameters={**claim.parameters, "skipped": uuids(ids)},
        fragments={**claim.fragments, "skipping": "AND pending.id <> ALL (%(skipped)s::uuid[])"},
    )


def retry_refused(queues: Collection[str], limit: int) -> Statement[int]:
    """Make at most `limit` refused jobs of each queue due; returns how many."""
    parameters = {"queues": array(queues), "limit": limit}
    return Statement("claim/retry_refused", parameters, counted)


def claim_apart(
    claim: Statement[list[J]], *, alone: bool, skipped: Collection[UUID] = ()
) -> Steps[Apart[J]]:
    """The claim, without the jobs that Postgres refuses, and without those to be skipped.

    With `alone`, each statement is a transaction of its own, or its transaction has no other
    purpose.
    """
    return repeated(lambda met: apart_from(skipping(claim, [*skipped, *met.stuck]), alone))


def repeated(left: Callable[[Apart[J]], Statement[Apart[J]]]) -> Steps[Apart[J]]:
    """Repeat a claim while it meets refused jobs only; `left` makes it anew beside those."""
    met: Apart[J] = Apart([], [])
    for _ in range(_ROUNDS):
        found: Apart[J] = yield left(met)
        met = Apart(found.jobs, met.refused + found.refused)
        if found.jobs or not found.refused:
            break
    return met


def together(claim: Statement[list[J]]) -> Statement[Apart[J]]:
    """The claim, which fails if Postgres refuses any of its jobs."""

    def decode(rows: Rows, count: int) -> Apart[J]:
        return Apart(claim.decode(rows, count), [])

    return Statement(claim.query, claim.parameters, decode, claim.fragments)


def apart_from(claim: Statement[list[J]], alone: bool) -> Statement[Apart[J]]:
    """One claim that takes its jobs apart from those that Postgres refuses."""

    def decode(rows: Rows, count: int) -> Apart[J]:
        refused = []
        for row in rows:
            *columns, is_claimed, refusals, reason = row
            if not is_claimed:
                # One by one: the decoder may sort.
                [job] = claim.decode([(*columns, True)], 1)
                refused.append(RefusedClaim(job, refusals, reason))
        return Apart(claim.decode([row[:-2] for row in rows], count), refused)

    fragments = {
        "take": "{claim/take_apart}",
        "alone": "true" if alone else "false",
        "refusal": ", is_claimed, refused, reason",
    }
    return Statement(claim.query, claim.parameters, decode, {**claim.fragments, **fragments})
