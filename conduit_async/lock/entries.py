"""Reads the values of a lock from JSON and checks each."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

from ..job_options import (
    TYPE_OPTIONS,
    Choice,
    Duration,
    ErrorNames,
    Flag,
    Form,
    OptionValue,
    Size,
    WholeNumber,
    locked_options,
)
from ..source import printable
from .model import BlockIdentity, Fields, FieldType, LockedJob, LockedStep, Pause, Services

_HEAD = re.compile(
    r"(?P<kind>(?P<object>struct|record)|enum|array|hash)(?P<nullable>\?)?"
    r"(?(object) (?P<name>[^\W\d]\w*))(?P<sensitive> sensitive)?"
)
_SCALAR = re.compile(
    r"(?P<name>[a-z]+)(?P<nullable>\?)?(?: of (?P<table>.+?))?(?P<sensitive> sensitive)?"
)
_FINGERPRINT = re.compile(r"[0-9a-f]{8}")


class EntryError(Exception):
    """An invalid entry; `path` are the keys that lead to it."""

    def __init__(self, path: tuple[str, ...], reason: str) -> None:
        super().__init__(reason)
        self.path, self.reason = path, reason


class JsonEntry:
    """A value of the JSON, and the keys that lead to it."""

    def __init__(self, value: Any, path: tuple[str, ...] = ()) -> None:
        self.value, self.path = value, path
        self._taken: set[str] = set()

    def error(self, what: str) -> EntryError:
        """Return an error that says what the value has to be."""
        return EntryError(self.path, f"`{printable('.'.join(self.path)) or 'it'}` has to be {what}")

    def items(self) -> Iterator[tuple[str, "JsonEntry"]]:
        """Yield the entries of an object."""
        if not isinstance(self.value, dict):
            raise self.error("an object")
        for key, value in sorted(self.value.items()):
            yield key, JsonEntry(value, (*self.path, key))

    def take(self, key: str, default: Any) -> "JsonEntry":
        """Return an entry of an object, or the default."""
        if not isinstance(self.value, dict):
            raise self.error("an object")
        self._taken.add(key)
        return JsonEntry(self.value.get(key, default), (*self.path, key))

    def end(self) -> None:
        """Raise an error if an entry was not taken."""
        for key in self.value.keys() - self._taken:
            raise EntryError((*self.path, key), f"it has an unknown entry `{printable(key)}`")

    def texts(self) -> tuple[str, ...]:
        """Return a list of strings."""
        if not isinstance(self.value, list) or not all(
            isinstance(each, str) for each in self.value
        ):
            raise self.error("a list of strings")
        return tuple(self.value)


def as_text(entry: JsonEntry, *, optional: bool = False) -> Any:
    """Return a text, or None if it is `optional`."""
    if not (_is_text(entry.value) or (optional and entry.value is None)):
        raise entry.error("a string")
    return entry.value


def as_services(entry: JsonEntry) -> Services:
    """Return the arguments of each method of each service."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for name, methods in entry.items():
        found[name] = {method: each.texts() for method, each in methods.items()}
    return found


def as_jobs(entry: JsonEntry) -> dict[str, LockedJob]:
    """Return the job types by name."""
    on_demand = JobsOnDemand(entry)
    return {name: on_demand[name] for name in sorted(on_demand)}


class JobsOnDemand(Mapping[str, LockedJob]):
    """Job types by name; each is read when it is looked up, which may raise `EntryError`."""

    def __init__(self, entry: JsonEntry) -> None:
        if not isinstance(entry.value, dict):
            raise entry.error("an object")
        for name in sorted(entry.value):
            if not _is_text(name):
                reason = f"`{printable(name)}` is not a valid job type name"
                raise EntryError((*entry.path, name), reason)
        self._entry = entry
        self._read: dict[str, LockedJob] = {}

    def hook_of(self, name: str) -> str:
        """The hook of a job type, which is not read."""
        content = self._entry.value[name]
        return str(content.get("hook")) if isinstance(content, dict) else ""

    def __getitem__(self, name: str) -> LockedJob:
        """Read a job type."""
        if name not in self._read:
            content = self._entry.value[name]
            self._read[name] = as_job(JsonEntry(content, (*self._entry.path, name)))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._entry.value)

    def __len__(self) -> int:
        """How many job types there are."""
        return len(self._entry.value)


def of_hooks(
    jobs: Mapping[str, LockedJob], hooks: Collection[str]
) -> Iterator[tuple[str, LockedJob]]:
    """Yield the job types of some hooks by name; reads no others."""
    for name in jobs:
        hook = jobs.hook_of(name) if isinstance(jobs, JobsOnDemand) else jobs[name].hook
        if hook in hooks:
            yield name, jobs[name]


def as_job(entry: JsonEntry) -> LockedJob:
    """Return a job type."""
    given = entry.take("shapes", {})
    for fingerprint, fields in given.items():
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise EntryError(fields.path, f"`{printable(fingerprint)}` is not a fingerprint")
    shapes = {fingerprint: _fields(fields) for fingerprint, fields in given.items()}
    shape, block = entry.take("shape", None), entry.take("block", None)
    if shape.value not in [*shapes]:
        raise shape.error("one of the shapes")
    retired = entry.take("retired", False)
    if not isinstance(retired.value, bool):
        raise retired.error("true or false")
    job = LockedJob(
        hook=as_text(entry.take("hook", None)),
        shape=shape.value,
        shapes=shapes,
        options=_options(entry),
        retired=retired.value,
        was=entry.take("was", []).texts(),
        block=None if block.value is None else BlockIdentity(block.texts()),
        calls=entry.take("calls", []).texts(),
        steps=_steps(entry.take("steps", None)),
    )
    entry.end()
    return job


def _steps(entry: JsonEntry) -> tuple[LockedStep, ...] | None:
    if entry.value is None:
        return None
    if not isinstance(entry.value, list):
        raise entry.error("a list")
    return tuple(_step(JsonEntry(each, entry.path)) for each in entry.value)


def _step(entry: JsonEntry) -> LockedStep:
    kept = entry.take("keeps", None)
    step = LockedStep(
        as_text(entry.take("name", None)),
        as_text(entry.take("hash", None)),
        as_text(entry.take("within", None), optional=True) or "",
        None if kept.value is None else {name: as_type(kind) for name, kind in kept.items()},
        _pause(entry.take("pause", "")),
    )
    entry.end()
    return step


def _pause(entry: JsonEntry) -> Pause:
    for kind in get_args(Pause):
        if entry.value == kind:
            found: Pause = kind
            return found
    raise entry.error("`sleep` or `wait`")


def as_type(entry: JsonEntry) -> FieldType:
    """Return the type of a field."""
    if isinstance(entry.value, str) and (scalar := _scalar(entry.value)) is not None:
        return scalar
    parts = [*entry.items()] if isinstance(entry.value, dict) else []
    shapes = [each for key, each in parts if key == "shape"]
    heads = [(found, each) for key, each in parts if (found := _HEAD.fullmatch(key))]
    if len(heads) != 1 or len(heads) + len(shapes) != len(parts):
        raise entry.error("a type")
    found, content = heads[0]
    nullable, sensitive = _marks(found)
    kind: Any = found["kind"]
    if shapes and kind not in ("array", "hash"):
        raise entry.error("a type")
    return FieldType(
        kind,
        found["name"] or "",
        nullable,
        sensitive,
        values=content.texts() if kind == "enum" else (),
        item=as_type(content) if kind in ("array", "hash") else None,
        fields=_fields(content) if found["name"] else {},
        shape=as_text(shapes[0]) if shapes else "",
    )


def _fields(entry: JsonEntry) -> Fields:
    fields = {name: as_type(kind) for name, kind in entry.items()}
    for name in fields:
        if not name.isidentifier():
            raise EntryError((*entry.path, name), f"`{printable(name)}` is not the name of a field")
    return fields


@lru_cache(maxsize=1024)
def _scalar(text: str) -> FieldType | None:
    found = _SCALAR.fullmatch(text)
    if found is None:
        return None
    return FieldType("scalar", found["name"], *_marks(found), table=found["table"] or "")


def _marks(found: re.Match[str]) -> tuple[bool, bool]:
    return found["nullable"] is not None, found["sensitive"] is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isprintable()


def _options(entry: JsonEntry) -> dict[str, OptionValue]:
    """Return the options that differ from their defaults."""
    given = {name: entry.take(name, None) for name in TYPE_OPTIONS if name in entry.value}
    return locked_options(
        {
            name: _option(TYPE_OPTIONS[name].form, each)
            for name, each in given.items()
            if each.value != TYPE_OPTIONS[name].default
        }
    )


def _option(form: Form, entry: JsonEntry) -> OptionValue:
    value: Any = entry.value
    match form:
        case ErrorNames():
            return entry.texts()
        case Flag():
            if not isinstance(value, bool):
                raise entry.error("true or false")
            return value
        case Choice() | Size() if value not in form:
            raise entry.error(str(form))
        case Choice() | Size():
            return str(value)
        case WholeNumber(least, most):
            if type(value) is not int or value not in form:
                raise entry.error(f"a whole number from {least} to {most}")
            return value
        case Duration():
            if isinstance(value, bool) or not isinstance(value, int | float) or value not in form:
                raise entry.error("a number of seconds")
            return float(value)
    return str(as_text(entry))
