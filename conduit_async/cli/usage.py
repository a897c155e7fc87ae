"""Exit codes, and the error for commands with wrong arguments."""

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


class UsageError(Exception):
    """A command cannot run as given; the message says why, and what to do."""
