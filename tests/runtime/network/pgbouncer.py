"""A PgBouncer for one test, in transaction mode, on a Unix socket."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from relay import Relay
from waiting import until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

_CONFIGURATION = """
[databases]
* = {server}
[pgbouncer]
pool_mode = transaction
default_pool_size = {connections}
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = any
admin_users = postgres
max_prepared_statements = 0
logfile = {folder}/log
"""


@contextmanager
def pgbouncer(dsn: str, connections: int) -> Iterator[str]:
    """Run a pooler with `connections` connections to the server; yield its connection string."""
    assert PROGRAM is not None
    # The folder is not `tmp_path`, since the path of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="conduit-pooler-"))
    # The pooler does not run as root and may not see the server's folder; it uses a relay.
    (folder / "server").mkdir()
    relay = Relay(dsn, folder / "server")
    given = conninfo_to_dict(relay.dsn)
    wanted = ("host", "port", "user", "password")
    text = _CONFIGURATION.format(
        server=" ".join(f"{key}='{given[key]}'" for key in wanted if key in given),
        connections=connections,
        folder=folder,
    )
    (folder / "ini").write_text(text)
    command = [PROGRAM, "-q", str(folder / "ini")]
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        command[1:1] = ["-u", "nobody"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    pooled = make_conninfo(dsn, host=str(folder), port=6432)
    try:
        until(lambda: _answers(pooled) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield pooled
    finally:
        process.kill()
        process.wait()
        relay.close()
        shutil.rmtree(folder)


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
