"""A shop: Django with its admin, jobs compiled from Conduit, and tasks of `django.tasks`.

    pip install 'conduit-async[embedded,test]' django django-tasks  # the latter for Django 5.2
    python app.py                     # the tables, a user, a worker and the server
    pytest                            # its test
    python manage.py conduit_worker   # the worker alone, with DATABASE_URL

`app.py` uses the database of DATABASE_URL, else an embedded one in `.conduit/`. The user `admin`
has the password `admin`. `conduitc gen` compiles `resources/` to the package `store/jobs/`.
"""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from conduit_runtime import embedded

MANAGE = [sys.executable, str(Path(__file__).with_name("manage.py"))]


def main() -> None:
    """Run the worker and the server until SIGINT or SIGTERM."""
    with ExitStack() as stack:
        if "DATABASE_URL" not in os.environ:
            server = stack.enter_context(embedded.start(Path(".conduit/postgres")))
            os.environ["DATABASE_URL"] = server.dsn
        subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], check=True)
        user = {f"DJANGO_SUPERUSER_{key}": "admin" for key in ("USERNAME", "PASSWORD")}
        create = [*MANAGE, "createsuperuser", "--noinput", "--email", "admin@shop.example"]
        # It fails when there is the user already.
        subprocess.run(create, env=os.environ | user, check=False, capture_output=True)
        address = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
        processes = [
            subprocess.Popen([*MANAGE, "conduit_worker"]),
            subprocess.Popen([*MANAGE, "runserver", "--noreload", address]),
        ]

        def stop(number: int, frame: object) -> None:
            for process in processes:
                process.terminate()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        for process in processes:
            process.wait()


if __name__ == "__main__":
    main()
