"""mypy on packages that tests have written. What it knows of the runtime is kept between runs."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_KEPT = _ROOT / ".mypy_cache" / "tests"
_RUNTIME = ("conduit_runtime", "conduit_runtime.hooks", "conduit_runtime.stdlib")


def mypy(folder: Path, *what: str) -> "subprocess.CompletedProcess[str]":
    """Run strict mypy in a folder; `what` names modules and packages by `-m` and `-p`."""
    config = folder / "mypy.ini"
    config.write_text(f"[mypy]\nstrict = true\nmypy_path = {_ROOT / 'runtime'}\n", "utf-8")
    cache = folder / "cache"
    if not cache.exists():
        _copy_kept(cache, config)
    return _run(folder, config, cache, *what)


def _copy_kept(cache: Path, config: Path) -> None:
    """Check the runtime, unless it has been checked as it is; give the folder a cache of its own.

    Two runs of mypy at once would spoil a cache that they share.
    """
    _KEPT.mkdir(parents=True, exist_ok=True)
    with _KEPT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _run(config.parent, config, _KEPT, *(word for name in _RUNTIME for word in ("-m", name)))
        shutil.copytree(_KEPT, cache)


def _run(folder: Path, config: Path, cache: Path, *what: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mypy", "--config-file", config, "--cache-dir", cache, *what]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
