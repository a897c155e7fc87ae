"""`conduitc`: arguments, files and exit codes."""

import errno
import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from .usage import FAILED, INTERRUPTED, MISUSED, UsageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main() -> NoReturn:
    """Run `conduitc` and exit: 0 good, 1 errors or stale output, 2 wrong usage, 130 interrupted."""
    faulthandler.enable()  # a crash of the interpreter prints a traceback
    signal.signal(signal.SIGTERM, _interrupt)
    gc.set_threshold(100_000, 50, 1_000)  # a compilation makes many objects and drops few
    if os.path.expanduser("~") == "~":
        os.environ["HOME"] = os.devnull  # the user has no home, but the import of black needs one
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    if sys.stdout is not None:  # a shell may have closed it
        try:
            sys.stdout.flush()
        except OSError:
            _drop_output()
    gc.freeze()  # spares the collection at exit, which takes a second after a large compilation
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run `conduitc` with arguments and return the exit code."""
    import click

    from .commands import conduitc

    try:
        return int(conduitc.main(list(arguments), "conduitc", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return MISUSED
    except UsageError as error:
        click.echo(f"conduitc: {error}", err=True)
        return MISUSED
    except (KeyboardInterrupt, click.Abort):
        click.echo("conduitc: interrupted, nothing was written", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        click.echo("conduitc: stopped, because no program reads its output", err=True)
        return FAILED
    except Exception as error:
        if os.environ.get("CONDUIT_DEBUG"):
            raise
        if isinstance(error, OSError) and error.errno in _FULL:
            _drop_output()
            click.echo(f"conduitc: the output cannot be written: {error.strerror}", err=True)
            return FAILED
        message = str(error).partition("\n")[0][:200]
        click.echo(
            f"conduitc: internal error, {type(error).__name__}: {message}. This is a bug in "
            "conduitc: please report it, with the source that causes it. Set CONDUIT_DEBUG=1 in "
            "the environment to see the traceback.",
            err=True,
        )
        return FAILED


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _drop_output() -> None:
    """Discard further output, after its reader has gone or its disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
