"""A worker in a process of its own."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conduit_runtime import Broker, Queue
from pair_handlers import OPTIONS, pool_of
from psycopg.conninfo import conninfo_to_dict


def configure_django() -> None:
    """Configure Django with the database of the case, and a backend for its tasks."""
    import django
    from django.conf import settings

    given = conninfo_to_dict(os.environ["PAIR_DSN"])
    names = {
        "NAME": "dbname",
        "HOST": "host",
        "PORT": "port",
        "USER": "user",
        "PASSWORD": "password",
    }
    database = {name: str(given.get(key) or "") for name, key in names.items()}
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **database}},
        INSTALLED_APPS=["conduit_runtime.contrib.django", "django_tasks"],
        USE_TZ=True,
        TASKS={
            "default": {
                "BACKEND": "conduit_runtime.contrib.django.tasks.ConduitBackend",
                "QUEUES": ["default"],
                "OPTIONS": {**OPTIONS},
            }
        },
    )
    django.setup()


def run(address: str, schema: str | None, environment: Mapping[str, str], log: Path) -> None:
    """Run the worker until it is told to end, or killed by its job.

    The address is that of a database or of a broker, PAIR_DSN in the environment that of the
    database. With PAIR_DJANGO it also runs the task `pair_task.act` of Django.
    """
    with log.open("ab") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    if address.startswith("amqp"):
        place: Any = Broker(address, database=os.environ["PAIR_DSN"])
    else:
        place = Queue(address, schema)
    import pair_letters

    pool = pool_of(place, pair_letters.JOBS)
    if "PAIR_DJANGO" in os.environ:
        configure_django()
        import pair_task  # noqa: F401
        from conduit_runtime.contrib.django.tasks import discovered

        discovered.register(pool.handlers)
    pool.run()
