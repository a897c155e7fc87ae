"""Descriptions of job types as workers write them, made by hand."""

import json
from typing import Any

from dashboard_site import Site

FIELDS = {
    "to": {"kind": "string"},
    "card": {"kind": "string", "sensitive": True},
    "lines": {
        "kind": "array",
        "item": {"kind": "struct", "name": "Line", "fields": {"price": {"kind": "decimal"}}},
    },
    "state": {"kind": "enum", "values": ["open", "paid"], "nullable": True},
}
SOURCE = {
    "path": "mail.conduit",
    "line": 7,
    "text": '    @async {\n      Out.send("</pre>")\n    }',
}
DESCRIPTION = {
    "fields": FIELDS,
    "source": SOURCE,
    "hooks": [{"name": "Mail.after_create"}],
    "enqueues": ["mail.after"],
    "calls": ["Out.send"],
    "options": {"max_attempts": 7},
}


def describe(
    site: Site, type_: str = "mail.send", shape: str = "aaaa", queue: str = "mail", **more: Any
) -> None:
    site.sql(
        "INSERT INTO conduit_job_types VALUES (%s, %s, %s, %s)",
        *(type_, shape, queue, json.dumps(DESCRIPTION | more)),
    )


def attempt(site: Site, type_: str, succeeded: int, failed: int, minutes: int = 5) -> None:
    site.sql(
        "INSERT INTO conduit_metrics (seconds, starts_at, queue, type, succeeded, failed, duration,"
        " durations, waits) SELECT 60, date_bin('1 minute', now() - make_interval(mins => %s),"
        " '2000-01-01'), 'mail', %s, %s, %s, 30, ARRAY[%s], ARRAY[%s]",
        *(minutes, type_, succeeded, failed, succeeded + failed, succeeded + failed),
    )


def live(site: Site, *lanes: tuple[str, str]) -> None:
    site.sql(
        "INSERT INTO conduit_workers (name, host, pid, queues, lanes)"
        " VALUES ('w', 'h', 1, '{mail}', %s)",
        json.dumps([*lanes]),
    )


def describe_many(site: Site, count: int, **more: Any) -> None:
    """Describe types `t.1` and so on, each of which enqueues the next one."""
    site.sql(
        "INSERT INTO conduit_job_types SELECT concat('t.', n), n, 'mail', %s::jsonb"
        " || jsonb_build_object('enqueues', jsonb_build_array(concat('t.', n + 1)))"
        " FROM generate_series(1, %s) AS n",
        *(json.dumps(DESCRIPTION | more), count),
    )
