"""Find RabbitMQ for the tests that need a broker. Root on Debian installs a missing one.

    .venv/bin/python .ci/servers.py

If there is none, these tests are left out, or fail if CI is set.
"""

import os
import sys
from pathlib import Path

import debian

RABBITMQ = Path("/usr/lib/rabbitmq/bin")
"""Debian's own scripts; those on the PATH insist on the system's user and folders."""
MISSING = "no RabbitMQ 4 is there: install it (Debian 13: apt install rabbitmq-server)"


def has_rabbitmq() -> bool:
    """Whether a node with the features that gateways use can be started here."""
    versions = (RABBITMQ.parent / "lib").glob("rabbitmq_server-[4-9]*")
    return any(versions) and (RABBITMQ / "rabbitmq-server").exists()


def install() -> None:
    """Install Debian's package if this is root and there is apt-get, unless RabbitMQ is there."""
    if not has_rabbitmq():
        debian.install("what needs a broker", "rabbitmq-server")


def main() -> None:
    install()
    if not has_rabbitmq():
        print(f"The tests that need a broker are left out: {MISSING}", flush=True)
        sys.exit("CI" in os.environ)


if __name__ == "__main__":
    main()
