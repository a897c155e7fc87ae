"""`manage.py conduit_worker`."""

from ..passing import PassingCommand


class Command(PassingCommand):
    """Runs jobs, with the options of `conduit-jobs worker`."""

    help = "Run jobs and tasks, with the options of `conduit-jobs worker`."
    requires_system_checks = "__all__"
    arguments = ("worker",)
