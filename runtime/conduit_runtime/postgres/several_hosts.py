"""Connection strings of several hosts: the host that leads is tried first."""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

TIMEOUT = 3
"""Seconds for a connection to one of several hosts, before the next one is tried."""

_leaders: dict[tuple[str, str], tuple[str, str]] = {}


def leader_first(dsn: str) -> dict[str, Any]:
    """Connection parameters for several hosts, with the last leader first; empty for one host.

    Without them, each connection would wait for a host that is frozen.
    """
    given = conninfo_to_dict(dsn)
    hosts, ports = _hosts(given)
    if len(hosts) < 2:
        return {}
    parameters: dict[str, Any] = {}
    if "connect_timeout" not in given:
        parameters["connect_timeout"] = TIMEOUT
    pairs = [*zip(hosts, ports, strict=False)]
    leader = _leaders.get(_key(given))
    if leader in pairs and len(ports) == len(hosts) and "hostaddr" not in given:
        ordered = [leader, *(pair for pair in pairs if pair != leader)]
        parameters["host"], parameters["port"] = map(",".join, zip(*ordered, strict=True))
    return parameters


def remember(dsn: str, connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> None:
    """Note that the connection leads to the host that leads."""
    given = conninfo_to_dict(dsn)
    if len(_hosts(given)[0]) > 1:
        _leaders[_key(given)] = connection.info.host, str(connection.info.port)


def _key(given: dict[str, Any]) -> tuple[str, str]:
    return str(given.get("host")), str(given.get("port"))


def _hosts(given: dict[str, Any]) -> tuple[list[str], list[str]]:
    hosts = str(given.get("host") or "").split(",")
    ports = str(given.get("port") or 5432).split(",")
    return hosts, ports * len(hosts) if len(ports) == 1 else ports
