"""Stores the output of the latest run into a folder, so that unchanged sources cost little.

The cache is in the user's cache folder, beside the parser's table. So the project needs no ignore
rule, and a read-only checkout is cached as well. Each target folder has one file, written
atomically. A damaged file, or one of another compiler version, is ignored. After a deletion, the
next run is a cold one.
"""

from pathlib import Path

from msgspec import DecodeError, json

from .. import assets
from ..config import Config
from ..incremental.output import Output, digest


def load(folder: Path, config: Config) -> Output | None:
    """Return the latest run into a folder, if it had this compiler and this configuration."""
    try:
        stored = json.decode(assets.load_cached(_key(folder)) or "", type=tuple[str, Output])
    except DecodeError:
        return None
    stamp, output = stored
    return output if stamp == _stamp(config) else None


def store(folder: Path, config: Config, output: Output) -> None:
    """Store the output of a compilation without errors."""
    assets.store_cached(_key(folder), json.encode((_stamp(config), output)).decode())


def _key(folder: Path) -> str:
    return f"run-{digest(str(folder.resolve()))[:32]}.json"


def _stamp(config: Config) -> str:
    """Return a digest of everything that an output depends on, except the sources."""
    return digest(assets.stamp() + json.encode(config).decode())
