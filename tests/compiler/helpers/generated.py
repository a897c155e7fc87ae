"""Compiles sources for tests, writes the package and imports it."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from conduit_async.compiler import compile
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.lock.text import LOCK_FILE
from conduit_async.render import as_text
from conduit_async.settings import read_settings
from conduit_async.source import Source


def sources_in(folder: Path) -> dict[str, str]:
    """The sources below a folder, by their relative paths."""
    paths = sorted(folder.rglob("*.conduit"))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def settings_in(folder: Path) -> Config:
    """The settings in the `conduit.toml` of a folder, if there is one."""
    path = folder / "conduit.toml"
    text = path.read_text("utf-8") if path.exists() else ""
    return read_settings(Source(path.name, text), Problems()) or Config()


def lock_in(folder: Path) -> str | None:
    """The `jobs.lock` beside the sources in a folder, if there is one."""
    path = folder / LOCK_FILE
    return path.read_text("utf-8") if path.exists() else None


def upcasters_in(folder: Path) -> Source | None:
    """The module of upcasters beside the sources in a folder, if there is one."""
    path = folder / "upcasters.txt"
    return Source("upcasters.py", path.read_text("utf-8")) if path.exists() else None


def compiled(sources: str | Mapping[str, str], config: Config | None = None) -> dict[str, str]:
    """The files of the package compiled from sources; they must have no errors."""
    if isinstance(sources, str):
        sources = {"source.conduit": sources}
    output = compile(sources, config)
    errors = [each for each in output.diagnostics if each.severity == "error"]
    assert not errors, as_text(tuple(errors), color=False)
    return dict(output.modules)


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the files of a package."""
    folder.mkdir(parents=True)
    for path, text in files.items():
        (folder / path).write_text(text, "utf-8")


@contextmanager
def imported(files: Mapping[str, str], folder: Path) -> Iterator[ModuleType]:
    """Import the package under a name of its own, for the block."""
    name = f"generated_{uuid4().hex}"
    write(files, folder / name)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for module in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[module]
