"""How the commands show and read files, and report errors about them."""

import os
from io import StringIO
from pathlib import Path

import click

from ..diagnostics import Problems
from ..source import Source, Span


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path with slashes; bytes that are not UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace").replace(os.sep, "/")


def reason(error: Exception) -> str:
    """Return the system's reason for an error, in a few words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def report(
    code: str,
    path: str | os.PathLike[str],
    message: str,
    problems: Problems,
    hint: str | None = None,
) -> None:
    """Report an error about a file as a whole."""
    problems.error(code, Span(Source(shown(path), ""), 0, 0), message, hint)


def read_if_there(path: Path, problems: Problems) -> bytes | None:
    """Return the content of a generated file; None if it is missing or an error was reported."""
    if path.is_symlink():
        message = "this is a symbolic link, not a file that conduitc wrote"
        report("GEN612", path, message, problems, "remove the link, then run again")
        return None
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.parent.is_dir():
            report("GEN611", path, f"cannot be read: {reason(error)}", problems)
        return None


def print_diff(path: str, old: str, new: str) -> None:
    """Print a unified diff of a file; an empty text stands for a file that is not there."""
    from difflib import unified_diff

    lines = unified_diff(
        [*StringIO(old, "\n")],  # other line breaks are characters of a line
        [*StringIO(new, "\n")],
        path if old else "/dev/null",
        path if new else "/dev/null",
    )
    for line in lines:
        click.echo(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n", nl=False
        )
