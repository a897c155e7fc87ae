"""Checks that no later attempt made an effect whose step was finished."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from history import History, Move


def check_effects(history: History) -> tuple[list[str], int]:
    """The violations, and how many finished effects a later attempt left out.

    An attempt that was thought dead may still make the effect that was under way, so the claims
    count and not the times.
    """
    violations, left_out = [], 0
    noted: defaultdict[tuple[UUID, UUID | None], set[str]] = defaultdict(set)
    for event in history.events:
        noted[event.job, event.token].add(event.what)
    for job, moves in history.by_job().items():
        if moves[0].type != "history.durable":
            continue
        finished: dict[str, int] = {}
        made: set[str] = set()
        place = -1
        for move in moves:
            if move.before == "completed":  # its records are gone: all of it runs again
                finished.clear()
                made.clear()
            if not move.draws_token:
                continue
            place += 1
            whats = noted[job, move.token_after]
            for what in whats:
                kind, _, effect = what.partition(" ")
                if kind == "made":
                    made.add(effect)
                    if effect in finished:
                        violations.append(
                            f"{job}: the claim {place} made {effect} again, which the claim "
                            f"{finished[effect]} had finished"
                        )
            for what in whats:
                kind, _, effect = what.partition(" ")
                if kind == "finished":
                    finished.setdefault(effect, place)
            left_out += "began" in whats and any(f"made {each}" not in whats for each in finished)
        violations += _missing(job, moves, made)
    return violations, left_out


def _missing(job: UUID, moves: Sequence[Move], made: set[str]) -> list[str]:
    """What a job that completed has not made."""
    payload: Mapping[str, int] = moves[0].payload or {}
    effects = {f"effect {n}" for n in range(payload["effects"])}
    effects |= {f"turn {n}" for n in range(payload["turns"])}
    if moves[-1].after != "completed" or effects <= made:
        return []
    return [f"{job}: completed without {', '.join(sorted(effects - made))}"]
