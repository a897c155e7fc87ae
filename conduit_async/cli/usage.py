"""Commands that cannot be carried out as they were given."""


class UsageError(Exception):
    """The message says why, and what to do."""
