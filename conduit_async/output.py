"""What a compilation gives, and what it tells on its way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .diagnostics import Diagnostic


@dataclass(frozen=True)
class Output:
    """What a compilation gives.

    `files` are the package's by path; there are none when a diagnostic is an error.
    """

    files: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    job_types: int = 0


Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told what is going on, and how much of it is done and will have been done."""
