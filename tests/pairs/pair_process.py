"""A worker in a process of its own: `python pair_process.py ADDRESS SCHEMA`, with PAIR_DSN.

ADDRESS is that of a database or of a broker. With PAIR_DJANGO it also runs the task `pair_task.act`
of Django.
"""

import os
import sys
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


def main(address: str, schema: str) -> None:
    """Run the worker until it is told to end, or killed by its job."""
    if address.startswith("amqp"):
        place: Any = Broker(address, database=os.environ["PAIR_DSN"])
    else:
        place = Queue(address, schema or None)
    import pair_letters

    pool = pool_of(place, pair_letters.JOBS)
    if "PAIR_DJANGO" in os.environ:
        configure_django()
        import pair_task  # noqa: F401
        from conduit_runtime.contrib.django.tasks import discovered

        discovered.register(pool.handlers)
    pool.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
