"""Files as the commands see them: how they are shown, read, and complained about."""

import os
from pathlib import Path

from ..diagnostics import Problems
from ..source import Source, Span


def shown(path: str | os.PathLike[str]) -> str:
    """A path with slashes, in which bytes that are no UTF-8 do no harm."""
    return os.fsencode(path).decode("utf-8", "replace").replace(os.sep, "/")


def reason(error: Exception) -> str:
    """Why the system refused, in a few words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def report(
    code: str,
    path: str | os.PathLike[str],
    message: str,
    problems: Problems,
    hint: str | None = None,
) -> None:
    """Note an error that is about a file as a whole."""
    problems.error(code, Span(Source(shown(path), ""), 0, 0), message, hint)


def read_if_there(path: Path, problems: Problems) -> bytes | None:
    """What a file of a generated package holds; None when there is none, or it is reported."""
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
