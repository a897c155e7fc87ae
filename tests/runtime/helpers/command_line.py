"""`conduit-jobs` in the folder of the example application."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

EXAMPLE = Path(__file__).parents[1] / "example"
"""The folder in which commands run."""
ECHO = ("worker", "example_jobs", "--services", "echo", "--yes")
"""A worker whose services print their calls."""
Run = Callable[..., CompletedProcess[str]]
"""Runs a command and requires the exit code `code`; takes the options of `subprocess`."""
