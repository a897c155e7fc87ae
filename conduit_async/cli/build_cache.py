"""What the latest run into a folder gave, so that what has not changed costs next to nothing.

It is in the user's cache folder, beside the parser's table. So the project needs no entry to ignore
it, and a read-only checkout gets it as well. There is one file for each target folder, written
atomically. A damaged one, or one by another version of the compiler, is ignored. Deleting it costs
a cold run.
"""

from pathlib import Path

from msgspec import DecodeError, json

from .. import assets
from ..config import Config
from ..incremental.output import Output, digest


def load(folder: Path, config: Config) -> Output | None:
    """The latest run into a folder, if the compiler and its configuration were these."""
    try:
        stored = json.decode(assets.load_cached(_key(folder)) or "", type=tuple[str, Output])
    except DecodeError:
        return None
    stamp, output = stored
    return output if stamp == _stamp(config) else None


def store(folder: Path, config: Config, output: Output) -> None:
    """Keep what a compilation without errors gave."""
    assets.store_cached(_key(folder), json.encode((_stamp(config), output)).decode())


def _key(folder: Path) -> str:
    return f"run-{digest(str(folder.resolve()))[:32]}.json"


def _stamp(config: Config) -> str:
    """Identifies all that an output depends on beside the sources."""
    return digest(assets.stamp() + json.encode(config).decode())
