"""The criteria by which a test selects jobs: a type, fields of the payload, options."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..job_types.job_type import JobType
from ..model.errors import PayloadError, PayloadMismatch
from ..model.job import Job, JobStatus, priority_of
from ..model.job_key import key_text
from ..model.payload import decode, encode
from ..model.text.names import fields_of

WAITING = ("blocked", "pending", "running")
"""The statuses that count as "enqueued", unless a test names others."""
NEAR = timedelta(seconds=1)
"""How much a time may differ from the time that a test gives."""

OPTIONS = ("queue", "priority", "max_attempts", "key", "run_at", "delay")
"""The options of a job that a test may give."""
ANY = ("blocked", *(each.value for each in JobStatus))
"""Every status."""

_MISSING = object()


def status_of(job: Job) -> str:
    """The status, and "blocked" for a job that waits for others of its flow."""
    return "blocked" if job.waits_for else job.status.value


class Difference(NamedTuple):
    """A place in which a job differs, with the wanted value and the found one."""

    place: str
    wanted: str
    found: str


@dataclass(frozen=True)
class Criteria:
    """What a job must have to match. `fields` are fields of the payload by their JSON names."""

    type: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    statuses: tuple[str, ...] = WAITING
    job_type: JobType[Any, Any] | None = None

    def differences(self, job: Job) -> list[Difference]:
        """Return the differences of a job; a job that matches has none."""
        found = [*self._of_options(job), *self._of_payload(job)]
        if self.type is not None and job.type != self.type:
            found.insert(0, Difference("type", self.type, job.type))
        if (status := status_of(job)) not in self.statuses:
            found.append(Difference("status", " or ".join(self.statuses), status))
        return found

    def matches(self, job: Job) -> bool:
        """Return whether a job matches."""
        return not self.differences(job)

    def _of_options(self, job: Job) -> Iterator[Difference]:
        for name, wanted in self.options.items():
            found: Any = getattr(job, name, None)
            if name == "delay":
                both = job.run_at is not None and job.created_at is not None
                found = job.run_at - job.created_at if both else None  # type: ignore[operator]
            is_near = isinstance(wanted, datetime | timedelta) and found is not None
            if abs(found - wanted) > NEAR if is_near else found != wanted:
                yield Difference(name, str(wanted), str(found))

    def _of_payload(self, job: Job) -> Iterator[Difference]:
        if not self.fields:
            return
        stored = job.payload if isinstance(job.payload, Mapping) else {}
        typed = self._typed(job)
        for name, wanted in self.fields.items():
            found = stored.get(name, _MISSING)
            if not _fits(wanted, found, typed.get(name, _MISSING)):
                shown = "nothing" if found is _MISSING else repr(found)
                yield Difference(name, repr(wanted), shown)

    def _typed(self, job: Job) -> Mapping[str, Any]:
        """The fields of the decoded payload, by their JSON names."""
        if self.job_type is None or self.job_type.name != job.type:
            return {}
        try:
            payload = self.job_type.decode(encode(job.payload))
        except (PayloadMismatch, PayloadError):
            return {}
        names = fields_of(self.job_type.payload)
        return {name: getattr(payload, attribute) for attribute, name, _ in names}

    def __str__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self.fields.items()]
        given += [f"{name}={value}" for name, value in self.options.items()]
        given += [] if self.statuses == WAITING else [f"status={' or '.join(self.statuses)}"]
        return f"{self.type or 'any type'}({', '.join(given)})"


def criteria(
    type: JobType[Any, Any] | str | None,
    status: str | Iterable[str] | None,
    payload: Mapping[str, Any] | None,
    like: Mapping[str, Any],
) -> Criteria:
    """Make the criteria of a test's arguments. Raises TypeError for an unknown field."""
    __tracebackhide__ = True
    if not (type is None or isinstance(type, str | JobType)):
        raise TypeError(f"the type is {type!r}: use a job type or the name of one")
    options = {name: value for name, value in like.items() if name in OPTIONS}
    wanted = {**(payload or {}), **{name: like[name] for name in like if name not in options}}
    job_type = type if isinstance(type, JobType) else None
    if job_type is not None:
        names = {attribute: name for attribute, name, _ in fields_of(job_type.payload)}
        for name in wanted:
            if name not in names and name not in names.values():
                close = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(names)}"
                raise TypeError(f"the payload of {job_type.name} has no field {name}: {hint}")
        wanted = {names.get(name, name): value for name, value in wanted.items()}
    if isinstance(moment := options.get("run_at"), datetime) and moment.tzinfo is None:
        raise ValueError(f"run_at is {moment}, without a time zone: use an aware datetime")
    if "priority" in options:
        options["priority"] = priority_of(options["priority"])
    if "key" in options:
        options["key"] = key_text(options["key"])
    kind = type.name if isinstance(type, JobType) else type
    return Criteria(kind, wanted, options, _statuses(status), job_type)


def _statuses(status: str | Iterable[str] | None) -> tuple[str, ...]:
    if status is None:
        return WAITING
    given = (status,) if isinstance(status, str) else (*status,)
    if given == ("any",):
        return ANY
    for each in given:
        if each not in ANY:
            raise ValueError(f"status is {each!r}: use {', '.join(ANY)}, several of them, or any")
    return tuple(map(str, given))


def _fits(wanted: Any, stored: Any, typed: Any) -> bool:
    """Return whether a value is the wanted one, in Python or in JSON; a hash may have more keys."""
    if stored is _MISSING:
        return False
    if typed is not _MISSING and wanted == typed:
        return True
    try:
        return _holds(decode(encode(wanted)), stored)
    except PayloadError:  # a value with a comparison of its own, such as unittest.mock.ANY
        return bool(wanted == stored)


def _holds(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(key in found and _holds(value, found[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_holds, wanted, found))
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)
