"""The first half of a compilation: reads settings and lock, then parses and checks sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from . import ast
from .check import check
from .config import Config
from .diagnostics import Problems
from .lock.model import Lock
from .lock_file import read_lock
from .parse import parse
from .program import Program, Upcasters
from .settings import check_config
from .source import Source
from .upcasters import read_upcasters

if TYPE_CHECKING:
    from .emit.emit import Progress


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a compilation is given beside the sources."""

    config: Config
    lock: Lock
    upcasters: Upcasters


class CheckedSources(NamedTuple):
    """A program, and the files that it was made from."""

    program: Program
    files: list[ast.File]


def quietly(what: str, done: int, total: int) -> None:
    """Take the progress, and do nothing with it."""


def read_inputs(
    config: Config | None,
    lock: str | None,
    upcasters: Source | None,
    problems: Problems,
    *,
    on_demand: bool = False,
) -> Inputs:
    """Read the text of the lock and the module of upcasters; what is wrong goes to `problems`.

    With `on_demand`, a job type of the lock is read when it is looked up: that may raise
    `EntryError`.
    """
    config = config or Config()
    check_config(config, problems)
    known = read_lock(lock, problems, on_demand=on_demand)
    return Inputs(config, known, read_upcasters(upcasters, config, problems))


def check_sources(
    sources: Mapping[str, str], inputs: Inputs, problems: Problems, progress: "Progress" = quietly
) -> CheckedSources | None:
    """Parse and check sources, given as paths and texts; None after an error, of inputs too."""
    if problems.has_errors:
        return None
    files: list[ast.File] = []
    for path, text in sorted(sources.items()):
        progress("reading", len(files), len(sources))
        files.append(parse(Source(path, text), problems))
    program = check(files, inputs.config, problems, lock=inputs.lock, upcasters=inputs.upcasters)
    return CheckedSources(program, files) if program is not None else None
