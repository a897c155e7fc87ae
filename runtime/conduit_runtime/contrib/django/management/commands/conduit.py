"""`manage.py conduit`."""

from typing import ClassVar

from ..passing import PassingCommand


class Command(PassingCommand):
    """Runs any command of `conduit-jobs` on the database of the project."""

    help = "Run a command of `conduit-jobs`, as `manage.py conduit jobs list`."
    requires_system_checks: ClassVar[list[str]] = []
