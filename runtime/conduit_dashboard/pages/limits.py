"""Actions that limit queues and job types, as forms and tools give them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conduit_runtime.model.queues.controls import period_of
from conduit_runtime.postgres.steps import Steps
from conduit_runtime.statements.limits import controls, type_limits

from ..errors import BadRequest
from ..page import Act, Done, Operation, Routes, action
from ..parameters import named, read_text

_LIFTS = "or nothing to lift it"


@dataclass(frozen=True, slots=True)
class Limiting:
    """What an action limits, for the audit, and the statements that do it."""

    target: Mapping[str, Any]
    steps: Steps[None]


def of_queue(form: Mapping[str, Any]) -> Limiting:
    """Limit how many jobs of a queue run at once, with `per_key` of each key.

    No number lifts the limit. Raises BadRequest for one that is not valid.
    """
    queue, number = named(form, "queue"), _number(form, "concurrency")
    per_key = _is_set(form, "per_key")
    target = {"queue": queue, _name("concurrency", per_key): number}

    def steps() -> Steps[None]:
        yield controls.limit(queue, number, per_key=per_key)

    return Limiting(target, steps())


def of_turns(form: Mapping[str, Any]) -> Limiting:
    """Let the keys of a queue take turns, or with `fair` "no" not.

    With `source`, the source of its job types decides again. Raises BadRequest for another `fair`.
    """
    queue, given = named(form, "queue"), read_text(form, "fair")
    if given not in (None, "yes", "no"):
        raise BadRequest(f"fair is {given[:40]!r}: use yes or no.")
    is_source = _is_set(form, "source")
    if is_source == (given is not None):
        raise BadRequest("Give fair, or leave it to the source: one of them.")
    fair: controls.Fair = "source" if is_source else given == "yes"
    return Limiting({"queue": queue, "fair": fair}, controls.share(queue, fair))


def of_type(form: Mapping[str, Any]) -> Limiting:
    """Limit how many jobs of a type run at once; as for a queue.

    With `source`, the limit in the source of the type applies again.
    """
    type, per_key = named(form, "type"), _is_set(form, "per_key")
    limit = _or_source(form, "concurrency")
    target = {"type": type, _name("concurrency", per_key): limit}
    return Limiting(target, type_limits.limit_type(type, limit, per_key=per_key))


def of_starts(form: Mapping[str, Any]) -> Limiting:
    """Limit how many jobs of a type start within `per` seconds; the rest is as for a type."""
    type, per_key = named(form, "type"), _is_set(form, "per_key")
    limit, per = _or_source(form, "starts"), _seconds(form)
    target: dict[str, Any] = {"type": type, _name("starts", per_key): limit}
    if isinstance(limit, int):
        target["per"] = per.total_seconds()
    return Limiting(target, type_limits.rate_limit(type, limit, per, per_key=per_key))


def _doing(read: Callable[[Mapping[str, Any]], Limiting], back: str) -> Operation:
    async def limit(act: Act) -> Done:
        limiting = read(act.form)
        async with act.change(limiting.target) as change:
            await change.writing.run_steps(limiting.steps)
        return Done(back)

    return limit


def _name(what: str, per_key: bool) -> str:
    return f"key_{what}" if per_key else what


def _is_set(form: Mapping[str, Any], name: str) -> bool:
    return read_text(form, name) is not None


def _or_source(form: Mapping[str, Any], name: str) -> type_limits.Limit:
    number = _number(form, name)
    if not _is_set(form, "source"):
        return number
    if number is not None:
        raise BadRequest(f"Give {name}, or take the limit of the source: not both.")
    return "source"


def _number(form: Mapping[str, Any], name: str) -> int | None:
    given = (read_text(form, name) or "").strip()
    try:
        number = int(given) if given else None
    except ValueError:
        number = 0
    if number is not None and not 0 < number < 2**31:
        raise BadRequest(
            f"{name} is {given[:40]!r}: use a whole number from 1 to 2147483647, {_LIFTS}."
        )
    return number


def _seconds(form: Mapping[str, Any]) -> timedelta:
    given = (read_text(form, "per") or "1").strip()
    try:
        per = timedelta(seconds=float(given))
        period_of(per)
    except (ValueError, OverflowError):
        raise BadRequest(f"per is {given[:40]!r}: use seconds, from 0.001 to a year.") from None
    return per


ROUTES: Routes = [
    action("/queues/limit", "limit", _doing(of_queue, "/queues")),
    action("/queues/share", "share", _doing(of_turns, "/queues")),
    action("/types/limit", "limit_type", _doing(of_type, "/queues")),
    action("/types/rate-limit", "rate_limit", _doing(of_starts, "/queues")),
]
