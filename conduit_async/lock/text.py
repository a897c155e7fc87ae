"""`jobs.lock` as text: sorted JSON with one field a line, for reviews and merges."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from ..job_options import TYPE_OPTIONS
from ..source import printable
from .entries import EntryError, JobsOnDemand, JsonEntry, as_job, as_jobs, as_services, as_text
from .model import FieldType, Lock, LockedJob, LockedStep, Services

LOCK_FILE = "jobs.lock"
"""The lock's name in a generated package."""

LOCK_VERSION = 1

_MERGE_MARKER = re.compile(r"^(?:<{7}|>{7}|\|{7}|={7})(?: |\r?$)", re.MULTILINE)
_KINDS_OF_ITEMS = ("array", "hash")
_ReadJobs: TypeAlias = Callable[[JsonEntry], Mapping[str, LockedJob]]
_encode = json.JSONEncoder(ensure_ascii=False).encode


_RESTORE = "restore it from git, then run again"
_MERGE = (
    "of each job type that both sides changed keep one side's entry, of others both, "
    "then run `conduitc gen`"
)
_UPGRADE = "upgrade conduitc: install the version that wrote this lock, or a later one"


class LockError(Exception):
    """An invalid lock: `line` counts from 1, `hint` says what to do."""

    def __init__(self, line: int, reason: str, hint: str = _RESTORE) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason, self.hint = line, reason, hint


class _LaterVersion(EntryError):
    """A later version of conduitc wrote the lock."""


def decode(data: bytes) -> str:
    """Return the text of a lock's file, without a byte-order mark; raises `LockError`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LockError(line, "it is not UTF-8 text") from None


def read(text: str) -> Lock:
    """Parse a lock; raises `LockError`."""
    return _read(text, as_jobs)


def read_on_demand(text: str) -> Lock:
    """Parse a lock, but each job type only when it is looked up, which may raise `EntryError`.

    Raises `LockError`.
    """
    return _read(text, JobsOnDemand)


def _read(text: str, jobs: _ReadJobs) -> Lock:
    try:
        return _parsed(text, jobs)
    except LockError:
        if (marker := _MERGE_MARKER.search(text)) is not None:
            line = text.count("\n", 0, marker.start()) + 1
            raise LockError(line, "git could not merge two versions of it", _MERGE) from None
        raise


def _parsed(text: str, jobs: _ReadJobs) -> Lock:
    try:
        content = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise LockError(error.lineno, f"it is not JSON: {error.msg}") from None
    except EntryError as error:
        raise LockError(_line_of(text, error.path, last=True), error.reason) from None
    except RecursionError:
        raise LockError(1, "it nests too deep") from None
    except ValueError as error:  # a number of thousands of digits
        raise LockError(1, f"it is not JSON: {error}") from None
    try:
        return _lock(JsonEntry(content), jobs)
    except _LaterVersion as error:
        raise LockError(_line_of(text, error.path), error.reason, _UPGRADE) from None
    except EntryError as error:
        raise LockError(_line_of(text, error.path), error.reason) from None
    except RecursionError:
        raise LockError(1, "it nests too deep") from None


def write(lock: Lock) -> str:
    """Return the text of a lock, from which `read` restores it; equal locks have equal texts."""
    content: dict[str, str] = {
        "version": str(LOCK_VERSION),
        "jobs": _object({name: _job(job) for name, job in lock.jobs.items()}, 1),
        "hooks": _list(sorted(lock.hooks), 1),
        "services": _services(lock.services),
        "hook_services": _services(lock.hook_services),
        "prefix": _json(lock.prefix) if lock.prefix is not None else "",
        "schema": _json(lock.schema) if lock.schema is not None else "",
    }
    shown = {key: text for key, text in content.items() if text not in ("", "{}", "[]")}
    return _object(shown, 0) + "\n"


def read_changed(old: str, new: str) -> tuple[Lock, Lock]:
    """Read two valid locks, but only the job types that differ."""
    both = [json.loads(text).get("jobs", {}) for text in (old, new)]
    same = {name for name, job in both[0].items() if both[1].get(name) == job}
    before, after = (
        Lock({name: as_job(JsonEntry(job)) for name, job in jobs.items() if name not in same})
        for jobs in both
    )
    return before, after


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise EntryError((key,), f"it has two entries `{printable(key)}`")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _line_of(text: str, path: Iterable[str], *, last: bool = False) -> int:
    """Return the line of an entry, by searching the keys of its path one after the other."""
    at = 0
    for key in path:
        quoted = f"{_json(key)}:"
        found = text.rfind(quoted) if last else text.find(quoted, at)
        at = found if found >= 0 else at
    return text.count("\n", 0, at) + 1


def _lock(entry: JsonEntry, jobs: _ReadJobs) -> Lock:
    version = entry.take("version", None)
    if version.value != LOCK_VERSION or isinstance(version.value, bool):
        if isinstance(version.value, int) and version.value > LOCK_VERSION:
            raise _LaterVersion(version.path, "a later version of conduitc wrote it")
        raise EntryError(version.path, f"its version is not {LOCK_VERSION}")
    lock = Lock(
        jobs=jobs(entry.take("jobs", {})),
        hooks=tuple(sorted(entry.take("hooks", []).texts())),
        services=as_services(entry.take("services", {})),
        hook_services=as_services(entry.take("hook_services", {})),
        prefix=as_text(entry.take("prefix", None), optional=True),
        schema=as_text(entry.take("schema", None), optional=True),
    )
    entry.end()
    return lock


def _json(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _encode(value)
    return text if text.isprintable() else json.dumps(value)


def _object(entries: Mapping[str, str], depth: int) -> str:
    """Return a JSON object; `entries` are JSON texts, sorted and written one a line."""
    margin = "  " * (depth + 1)
    lines = [f"{margin}{_json(key)}: {text}" for key, text in sorted(entries.items())]
    return "\n".join(["{", ",\n".join(lines), f"{margin[2:]}}}"]) if lines else "{}"


def _list(texts: Iterable[str], depth: int) -> str:
    """Return a JSON list with one text a line."""
    return _entries(map(_json, texts), depth)


def _entries(texts: Iterable[str], depth: int) -> str:
    """Return a JSON list; `texts` are the JSON texts of its entries."""
    margin = "  " * (depth + 1)
    lines = [f"{margin}{text}" for text in texts]
    return "\n".join(["[", ",\n".join(lines), f"{margin[2:]}]"]) if lines else "[]"


def _services(services: Services) -> str:
    return _object(
        {
            name: _object({method: _json(list(given)) for method, given in methods.items()}, 2)
            for name, methods in services.items()
        },
        1,
    )


def _job(job: LockedJob) -> str:
    shapes = {
        fingerprint: _object({name: _type(kind, 5) for name, kind in fields.items()}, 4)
        for fingerprint, fields in job.shapes.items()
    }
    # Defaults are written too, since they may change: a review should see them.
    content = {"shapes": _object(shapes, 3), "hook": _json(job.hook), "shape": _json(job.shape)}
    for name, option in TYPE_OPTIONS.items():
        if (value := option.of(job.options)) not in (None, ()):
            content[name] = _list(value, 3) if isinstance(value, tuple) else _json(value)
    if job.retired:
        content["retired"] = _json(job.retired)
    if job.was:
        content["was"] = _list(job.was, 3)
    if job.block is not None:
        content["block"] = _list(job.block.statements, 3)
    if job.calls:
        content["calls"] = _json(list(job.calls))
    if job.steps is not None:
        content["steps"] = _entries(map(_step, job.steps), 3)
    return _object(content, 2)


def _step(step: LockedStep) -> str:
    """Return a step; one that keeps no value takes a line."""
    content: dict[str, object] = {"name": step.name, "hash": step.hash}
    if step.within:
        content["within"] = step.within
    if step.pause:
        content["pause"] = step.pause
    if not step.kept:
        return _encode(content if step.kept is None else {**content, "keeps": {}})
    texts = {key: _json(value) for key, value in content.items()}
    texts["keeps"] = _object({name: _type(kind, 6) for name, kind in step.kept.items()}, 5)
    return _object(texts, 4)


def _type(kind: FieldType, depth: int) -> str:
    if kind.kind == "scalar":
        return _json(_head(kind, kind.name))
    head = _head(kind, kind.kind)
    if kind.kind == "enum":
        return f"{{{_json(head)}: {_json(list(kind.values))}}}"
    if kind.kind in _KINDS_OF_ITEMS:
        item = _type(kind.item or FieldType("scalar", "any"), depth)
        shape = f', "shape": {_json(kind.shape)}' if kind.shape else ""
        return f"{{{_json(head)}: {item}{shape}}}"
    fields = {name: _type(each, depth + 1) for name, each in kind.fields.items()}
    return f"{{{_json(head)}: {_object(fields, depth)}}}"


def _head(kind: FieldType, word: str) -> str:
    named = f" {kind.name}" if kind.kind in ("struct", "record") else ""
    nullable = "?" if kind.nullable else ""
    table = f" of {kind.table}" if kind.table else ""
    return f"{word}{nullable}{named}{table}{' sensitive' if kind.sensitive else ''}"
