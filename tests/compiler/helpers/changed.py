"""Compares two versions of a project, for tests of `conduitc breaking`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from conduit_async.breaking.finding import Finding, order_of
from conduit_async.compiler import compile
from conduit_async.config import Config
from conduit_async.deploy import find_breaking
from conduit_async.lock.text import LOCK_FILE, read
from conduit_async.render import as_text

Sources: TypeAlias = str | Mapping[str, str]


def package(
    sources: Sources, config: Config | None = None, lock: str | None = None
) -> Mapping[str, str]:
    """The files of the package compiled from sources, its lock included."""
    output = compile(_by_path(sources), config, lock=lock)
    errors = [each for each in output.diagnostics if each.severity == "error"]
    assert not errors, as_text(errors)
    return output.files


def findings(
    old: Sources,
    new: Sources,
    old_config: Config | None = None,
    new_config: Config | None = None,
    earlier: Iterable[Sources] = (),
) -> Sequence[Finding]:
    """The changes from `old` to `new`. Both locks include the `earlier` versions."""
    lock: str | None = None
    for sources in (*earlier, old):
        lock = package(sources, old_config, lock)[LOCK_FILE]
    assert lock is not None
    config = new_config or old_config
    diagnostics, found = find_breaking(_by_path(new), read(lock), config, lock)
    errors = [each for each in diagnostics if each.severity == "error"]
    assert not errors, as_text(errors)
    return found


def order(found: Iterable[Finding]) -> str:
    """The order of the whole deploy."""
    return order_of([each.verdict for each in found])


def _by_path(sources: Sources) -> Mapping[str, str]:
    return {"post.conduit": sources} if isinstance(sources, str) else sources
