"""Where workers without a database get their jobs from."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..model.arguments import check_type
from ..model.errors import QueueError
from ..services.protocols import Prepared
from ..worker.arrival import reach as reach_database
from ..worker.pool_settings import PoolSettings
from ..worker.worker_factory import WorkerFactory

if TYPE_CHECKING:
    from .remote.remote_worker import RemoteWorker


_WANTED = "a URL such as amqps://user:password@host/vhost"


class Broker(WorkerFactory):
    """A RabbitMQ vhost over which gateways publish jobs, for a WorkerPool in place of its queue.

    `url` is amqp://USER:PASSWORD@HOST/VHOST, or amqps:// with TLS; the server's certificate is
    verified, by the authorities of `ca_file` if it is given, otherwise by the system's. `database`
    is the connection string of the database for `job.connection()` and for the records of jobs;
    without it, these raise a QueueError. Raises TypeError or ValueError if `url` is no such URL,
    and QueueError if the extra `broker` is not installed.
    """

    dsn: str | None = None
    schema: str | None = None

    def __init__(
        self, url: str, *, database: str | None = None, ca_file: str | None = None
    ) -> None:
        check_type(url, "url", str, _WANTED)
        if database is not None:
            check_type(database, "database", str, "a connection string")
        if ca_file is not None:
            check_type(ca_file, "ca_file", str, "the path of a file")
        check_installed()
        self.url: str = checked_url(url, ca_file)
        self.database = database
        self.ca_file = ca_file

    def __repr__(self) -> str:
        from .broker_connection import without_password

        return f"<Broker {without_password(self.url)}>"

    @property
    def job_dsn(self) -> str | None:
        """The DSN of the application's database, if the worker was given one."""
        return self.database

    async def reach(self, seconds: float) -> None:
        """Wait at most `seconds` for the broker and for the database of the jobs."""
        from .broker_connection import reach

        await reach(self.url, self.ca_file, seconds)
        if self.database is not None:
            await reach_database(self.database, "", seconds)

    def new_worker(
        self, pool: PoolSettings, services: Prepared, *, is_draining: bool
    ) -> "RemoteWorker":
        """A worker whose jobs come over the broker."""
        from .remote.remote_worker import RemoteWorker

        place = self.url, self.ca_file, self.database
        return RemoteWorker(*place, pool, services, is_draining=is_draining)


def check_installed() -> None:
    """Raise QueueError when the client of the broker is not installed."""
    try:
        import aio_pika  # noqa: F401
    except ModuleNotFoundError:
        raise QueueError(
            "the broker needs aio-pika, which is not installed: install conduit-async[broker]"
        ) from None


def checked_url(url: str, ca_file: str | None = None) -> str:
    """The URL of a broker. Raises ValueError, which does not show the URL, if it is wrong.

    With a `ca_file`, it has to be a URL with TLS.
    """
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"amqp", "amqps"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError(f"url is not the address of a broker: use {_WANTED}")
    if ca_file is not None and parts.scheme != "amqps":
        raise ValueError("url is without TLS, but a file of authorities is given: use amqps://")
    return url
