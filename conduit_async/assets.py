"""The package's data files, and a cache for texts that can be computed again."""

import os
import tempfile
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

_WRITERS = ("black", "jinja2")
_PACKAGE = Path(__file__).parent
_IN_CHECKOUT = {"language": "docs/reference/language"}
"""Data folders that a checkout has in another place."""


def folder(name: str) -> Path:
    """A data folder, such as `grammar`: inside the package when installed, else beside it."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / _IN_CHECKOUT.get(name, name)


def read(name: str) -> str:
    """The text of a data file such as `grammar/conduit.lark`."""
    directory, _, file = name.partition("/")
    return (folder(directory) / file).read_text(encoding="utf-8")


def load_cached(key: str) -> str | None:
    """Return the text that `store_cached` stored under a key, None if it is missing or damaged."""
    try:
        checksum, _, text = (_cache() / key).read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError, RuntimeError):
        return None
    return text if checksum == sha256(text.encode()).hexdigest() else None


def store_cached(key: str, text: str) -> None:
    """Keep a text for later runs of this user; do nothing if the cache cannot be written."""
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


@cache
def stamp() -> str:
    """Return a hash of this compiler and of the packages it writes with.

    The hash changes with any of their files. It covers the files' sizes and times, not their
    contents, because every run computes it.
    """
    found = [os.stat(spec.origin) for spec in map(find_spec, _WRITERS) if spec and spec.origin]
    seen = [f"{state.st_size}:{state.st_mtime_ns}" for state in found]
    for place in (str(_PACKAGE), str(folder("grammar")), str(folder("templates"))):
        for directory, folders, files in os.walk(place):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(files):
                path = os.path.join(directory, name)
                state = os.stat(path)
                seen.append(f"{path}:{state.st_size}:{state.st_mtime_ns}")
    return sha256("\n".join(seen).encode()).hexdigest()


def _cache() -> Path:
    """This user's cache folder; raises `RuntimeError` when the user has no home."""
    from platformdirs import user_cache_path

    return user_cache_path("conduit-async", appauthor=False)
