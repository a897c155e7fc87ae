"""Find the servers of a replicated Postgres. Root on Debian installs missing ones.

    .venv/bin/python .ci/replication.py

If servers are missing, the tests in `tests/failover` are left out, or fail if CI is set.
"""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import debian

PACKAGES = {
    "etcd": "etcd-server",
    "haproxy": "haproxy",
    "patroni": "patroni",
    "patronictl": "patroni",
    "initdb": "postgresql",
    "pg_basebackup": "postgresql",
    "pg_rewind": "postgresql",
    "pgbouncer": "pgbouncer",
}
"""The package of each program; Patroni needs `python3-etcd` beside them."""
USER = "postgres"
"""The user that runs the servers if root starts them."""
_BINARIES = Path("/usr/lib/postgresql")


def find(program: str) -> str | None:
    """The path of a program, or None. A program of PostgreSQL is that of the newest version."""
    versions = sorted(_BINARIES.glob("[0-9]*/bin"), key=lambda folder: float(folder.parent.name))
    folders = [*map(str, reversed(versions)), os.environ.get("PATH", ""), "/usr/sbin"]
    return shutil.which(program, path=os.pathsep.join(folders))


def missing() -> str:
    """What is not installed and how to install it; empty if nothing is missing."""
    packages = {package for program, package in PACKAGES.items() if find(program) is None}
    patroni = find("patroni")
    if patroni is not None and not _speaks_etcd(Path(patroni)):
        packages.add("python3-etcd")
    if not packages and os.geteuid() == 0 and not _has_user():
        return f"no cluster starts without the user {USER}: PostgreSQL does not run as root"
    if not packages:
        return ""
    return f"no cluster starts without {', '.join(sorted(packages))} (Debian: apt install them)"


def _has_user() -> bool:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


def _speaks_etcd(patroni: Path) -> bool:
    """Whether the Python that runs Patroni has the library for etcd."""
    first = patroni.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    python = first.removeprefix("#!").split() or [sys.executable]
    command = [*python, "-c", "import patroni.dcs.etcd3"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install() -> None:
    """Install Debian's packages if this is root and there is apt-get; otherwise do nothing."""
    packages = sorted({*PACKAGES.values(), "python3-etcd"})
    debian.install("the tests of a database that fails over", *packages)


def main() -> None:
    if missing():
        install()
    if reason := missing():
        print(f"The tests of a database that fails over are left out: {reason}", flush=True)
        sys.exit("CI" in os.environ)


if __name__ == "__main__":
    main()
