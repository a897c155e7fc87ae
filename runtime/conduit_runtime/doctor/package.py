"""Whether the named packages would run the waiting jobs of their types, also of removed ones."""

from collections.abc import Iterator

from ..preflight.findings import find
from ..preflight.reading import snapshot
from ..statements import worker_registry
from .checked_database import Database, Package
from .finding import Finding, error, warning


def check(database: Database, package: Package) -> Iterator[Finding]:
    """Do what `preflight` does, except for types that the packages never had."""
    own = {*package.retired, *(handler.type for handler in package.handlers)}
    live = [each for each in database.read(worker_registry.workers()) if not each.is_silent]
    served = package.queues | dict.fromkeys(queue for worker in live for queue in worker.queues)
    with snapshot(database.dsn, database.schema) as read:
        found = find(read, package.handlers, served, ())
    for each in found:
        if each.type not in own or not (each.is_stranded or each.verdict.reads == "lossy"):
            continue
        kind, code, would = (
            (error, "stranded-jobs", "would not run")
            if each.is_stranded
            else (warning, "lossy-jobs", "would run with a loss")
        )
        yield kind(
            code,
            f"{'at least ' * each.is_more}{each.jobs} {each.status} "
            f"job{'s' * (each.jobs > 1)} of {each.type} "
            f"({each.fingerprint or 'any shape'}) {would}: {each.message}",
            f"queue {each.queue}",
            f"conduit-jobs preflight {' '.join(package.names)}",
        )
