"""Runs a `manage.py` in forks of this process: `python django_forks.py MANAGE`.

The requests are those of `forks.py`. This process imports what needs no settings; each fork reads
the settings, sets up Django and runs the command.
"""

import runpy
import sys
from importlib import import_module

from forks import serve

IMPORTED = (
    *("django.contrib.admin.options", "django.contrib.staticfiles.finders"),
    *("django.core.management.commands.migrate", "django.core.management.commands.test"),
    *("django.core.handlers.wsgi", "django.db.backends.postgresql.base", "django.test.runner"),
    *("conduit_runtime.contrib.django.discovery", "conduit_runtime.contrib.django.workers"),
    *("conduit_runtime.cli.worker.command", "conduit_runtime.worker.pool"),
)


def main(program: str) -> None:
    for name in IMPORTED:
        import_module(name)
    serve(lambda: runpy.run_path(program, run_name="__main__"), program)


if __name__ == "__main__":
    main(sys.argv[1])
