"""Where the package's data stands, and a folder for what can be computed again."""

import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """A data folder (`grammar`, `templates`): inside the package when installed, else beside it."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def read(name: str) -> str:
    """The text of a data file such as `grammar/conduit.lark`."""
    directory, _, file = name.partition("/")
    return (folder(directory) / file).read_text(encoding="utf-8")


def load_cached(key: str) -> str | None:
    """What `store_cached` stored under a key, or None when it is missing or damaged."""
    try:
        checksum, _, text = (_cache() / key).read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError, RuntimeError):
        return None
    return text if checksum == sha256(text.encode()).hexdigest() else None


def store_cached(key: str, text: str) -> None:
    """Keep a text for later runs of this user; does nothing where that is not possible."""
    try:
        directory = _cache()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=directory)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(sha256(text.encode()).hexdigest() + "\n" + text)
            Path(temporary).replace(directory / key)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
    except (OSError, RuntimeError):
        return


def _cache() -> Path:
    """This user's cache folder; raises `RuntimeError` when the user has no home."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "conduit-async"
