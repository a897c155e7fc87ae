"""The testing kit on Django's test database: `jobs()` in a `TestCase`."""

from typing import Any

import psycopg
from django.db import connections

from ...adapters import django_connection
from ...testing.jobs import Jobs
from ...worker.pool import WorkerPool
from . import jobs_database, settings, workers


def jobs() -> Jobs:
    """The jobs as a test sees them: in a `TestCase`, within its transaction.

    The project's handlers, tasks and generated packages run the jobs, with plain functions in the
    thread of the test. In a `TransactionTestCase`, the jobs are those of the database.
    """
    return Jobs(_place, settings.schema(), default_pool=_pool)


def _place() -> "str | psycopg.Connection[Any]":
    connection = connections[settings.database()]
    return django_connection(connection) if connection.in_atomic_block else jobs_database.dsn()


def _pool() -> WorkerPool:
    application = workers.application()
    job_types = application.jobs()
    pool = WorkerPool(jobs_database.queue(), application.queues(job_types), jobs=job_types)
    application.prepare(pool)
    return pool
