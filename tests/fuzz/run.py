"""A long run: `python tests/fuzz/run.py MINUTES [SEED]` prints what breaks a rule.

Half of the time goes to random programs that run, the other half to damaged sources. The jobs of
every second batch of programs crash behind each of their steps.
"""

import logging
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

import psycopg
from conduit_runtime import embedded, migrate
from psycopg.conninfo import make_conninfo

sys.path.append(str(Path(__file__).parents[1]))
from paths import HELPERS

sys.path.extend(HELPERS)
from oracle import check, random_text
from programs.program import random_programs
from programs.report import faults_of

_PROGRAMS = 100

Databases = Callable[[], AbstractContextManager[str]]


def main(minutes: float, seed: int) -> int:
    """Try programs and texts until the time is over; return the number of failures."""
    logging.disable(logging.CRITICAL)  # jobs of random programs fail, and workers log that
    end = time.monotonic() + minutes * 60
    texts = clean = programs = failed = 0
    with tempfile.TemporaryDirectory() as name, _databases(Path(name)) as new_database:
        while time.monotonic() < end:
            start = time.monotonic()
            batch = random_programs(f"{seed}.{programs // _PROGRAMS}", _PROGRAMS)
            crashes = programs // _PROGRAMS % 2 == 1
            faults = faults_of(batch, Path(name), new_database, crashes=crashes)
            for fault in faults:
                print(f"{fault}\n", flush=True)
            failed += len(faults)
            programs += _PROGRAMS
            until = min(end, 2 * time.monotonic() - start)
            while time.monotonic() < until:
                outcome = _try_text(seed + texts)
                failed += outcome is None
                clean += outcome is True
                texts += 1
    print(f"{programs} programs; {texts} texts, {clean} of them without errors; {failed} failures")
    return failed


def _try_text(seed: int) -> bool | None:
    """Return whether a text had no errors. If it breaks a rule, report it and return None."""
    text = ""
    try:
        text = random_text(Random(seed))
        return check(text, "async" if seed % 2 else "sync")
    except Exception:
        print(f"seed {seed}\n{text}\n{traceback.format_exc()}", flush=True)
        return None


@contextmanager
def _databases(folder: Path) -> Iterator[Databases]:
    """Makes databases with the tables of the queue, in a Postgres of this run's own."""
    with embedded.start(folder / "postgres", settings={"fsync": "off"}) as server:
        made = 0

        @contextmanager
        def new_database() -> Iterator[str]:
            nonlocal made
            made += 1
            with psycopg.connect(server.dsn, autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE fuzz_{made}")
                dsn = make_conninfo(server.dsn, dbname=f"fuzz_{made}")
                migrate(dsn)
                yield dsn
                admin.execute(f"DROP DATABASE fuzz_{made} WITH (FORCE)")

        yield new_database


if __name__ == "__main__":
    first = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 2**32
    sys.exit(main(float(sys.argv[1]), first) > 0)
