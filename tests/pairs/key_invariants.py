"""What must hold of jobs with keys, from what a trigger notes of each change of a job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from key_axes import KeyCase

LIMIT, STARTS, PERIOD = 2, 4, 0.4
"""The weight that runs at once, and starts within so many seconds, of each key."""
_COMMIT = timedelta(milliseconds=100)
"""How long a transaction may take to commit what it has noted."""
NOTES = """
CREATE TABLE public.notes (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, job uuid, key text, queue text, n int,
  seq bigint, before text, after text, weight int, run_at timestamptz, begun boolean,
  at timestamptz DEFAULT clock_timestamp()
);
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.notes (job, key, queue, n, seq, before, after, weight, run_at, begun)
  VALUES (NEW.id, NEW.key, NEW.queue, (NEW.payload->>'n')::int, NEW.seq, OLD.status, NEW.status,
          coalesce(NEW.weight, 1), NEW.run_at, coalesce(NEW.begun, false));
  RETURN NULL;
END $$;
CREATE TRIGGER note_birth AFTER INSERT ON jobs FOR EACH ROW
  WHEN (NEW.key IS NOT NULL) EXECUTE FUNCTION public.note();
CREATE TRIGGER note AFTER UPDATE ON jobs FOR EACH ROW
  WHEN (NEW.key IS NOT NULL AND (OLD.status, OLD.run_at, OLD.weight)
    IS DISTINCT FROM (NEW.status, NEW.run_at, NEW.weight))
  EXECUTE FUNCTION public.note();
"""


@dataclass(frozen=True)
class Note:
    """A change of a job's status, time or weight; `before` is None for its insert."""

    id: int
    job: UUID
    key: str
    queue: str
    n: int
    seq: int
    before: str | None
    after: str
    weight: int
    run_at: datetime
    begun: bool
    at: datetime

    @property
    def is_claim(self) -> bool:
        return self.after == "running" and self.before != "running"


def violations(case: KeyCase, notes: Sequence[Note]) -> Iterator[str]:
    """Whatever broke a promise about keys."""
    by_key = sorted(notes, key=lambda note: (note.key, note.id))
    for key, grouped in groupby(by_key, attrgetter("key")):
        its = [*grouped]
        if case.held == "rate":
            claims = [note.at for note in its if note.is_claim]
            for first, last in zip(claims, claims[STARTS:], strict=False):
                if last - first < timedelta(seconds=PERIOD):
                    yield f"{key}: {STARTS + 1} starts within {last - first}"
        now: dict[UUID, Note] = {}
        for note in its:
            if note.is_claim:
                running = [each for each in now.values() if each.after == "running"]
                if case.held == "limit of queue":
                    running = [each for each in running if each.queue == note.queue]
                most = 1 if case.held == "order" else LIMIT
                if case.held != "rate" and running:
                    weight = note.weight + sum(each.weight for each in running)
                    if weight > most:
                        yield f"{key}: {note.n} began beside {[each.n for each in running]}"
                if case.held == "order":
                    yield from _overtaken(note, now.values())
            now[note.job] = note


def _overtaken(claim: Note, others: Sequence[Note]) -> Iterator[str]:
    for other in others:
        if other.job == claim.job or other.after != "pending" or other.at > claim.at - _COMMIT:
            continue
        is_due = other.run_at < claim.at - _COMMIT
        claimed_begun = any(each.job == claim.job and each.begun for each in others)
        if (other.begun and (not claimed_begun or other.seq < claim.seq)) or (
            is_due and not claimed_begun and other.seq < claim.seq
        ):
            yield f"{claim.key}: {claim.n} overtook {other.n}"
