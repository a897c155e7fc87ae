"""A clock of the database server that jumps, by libfaketime (Debian: `apt install libfaketime`)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg

JUMP = timedelta(hours=1)
"""The length of a jump: longer than any run, so each reading shows whether the clock is slow."""
_FOLDERS = ("/usr/lib/*/faketime", "/usr/lib*/faketime", "/usr/local/lib/faketime")


def library() -> Path | None:
    """The library that a server preloads; None where it is not installed."""
    found = (
        path for folder in _FOLDERS for path in Path("/").glob(f"{folder[1:]}/libfaketime.so.1")
    )
    return next(found, None)


class Clock:
    """The clock of a server that starts within `installed`; it is right or an hour slow."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._file = folder / "clock"
        self._library = library
        self._is_slow = True
        self.jump()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Servers that start in the block read this clock."""
        settings = {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        old = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            yield
        finally:
            for name, text in old.items():
                if text is None:
                    del os.environ[name]
                else:
                    os.environ[name] = text

    def jump(self) -> None:
        """Jump an hour back, or forward again."""
        self._is_slow = not self._is_slow
        new = self._file.with_suffix(".new")
        new.write_text(f"-{JUMP.total_seconds():.0f}" if self._is_slow else "+0")
        new.chmod(0o644)
        new.replace(self._file)

    def moves(self, dsn: str) -> bool:
        """Whether the server reads this clock: not every system lets it preload the library."""
        times = []
        for _ in range(2):
            self.jump()
            with psycopg.connect(dsn) as connection:
                times += connection.execute("SELECT clock_timestamp()").fetchone() or ()
        return bool(times[1] - times[0] > JUMP / 2)

    def set_right(self) -> None:
        """Jump forward if the clock is slow."""
        if self._is_slow:
            self.jump()


def real_time(reading: str) -> str:
    """SQL for the real time of a reading of the clock, which was right or slow.

    The run began at `began`.
    """
    # Every reading is from at most 10 minutes before the run, or less than 50 minutes later.
    before = f"%(began)s::timestamptz - interval '{JUMP / 6}'"
    return f"CASE WHEN {reading} < {before} THEN {reading} + interval '{JUMP}' ELSE {reading} END"
