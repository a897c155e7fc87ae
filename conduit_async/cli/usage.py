"""Exit codes, and the error for commands that cannot be carried out as they were given."""

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


class UsageError(Exception):
    """The message says why, and what to do."""
