"""Jobs that were inserted by hand with values that no client would store."""

import json
import re

import pytest
from dashboard_site import Site
from described import describe

BIG = "1" + "0" * 400
DEEP = "[" * 490 + "]" * 490
FAILED = {"attempt": 1, "source": f"mail.conduit:{'9' * 5_000}"}
TRACEBACK = f'  File "a.py", line {"9" * 5_000}, in f'
TIMES = {"attempt": -1, "at": "infinity", "started_at": "0001-01-01T00:00:00+14:00", "worker": 7}
ENTRIES = json.dumps([FAILED | {"traceback": TRACEBACK}, TIMES, 5, None, "text", [1]])
ERRORS = f'[{{"attempt": {BIG}, "error": "e"}}, {ENTRIES[1:]}'


@pytest.mark.parametrize(
    "columns",
    [
        {"payload": f'{{"a": {DEEP}}}'},
        {"payload": DEEP},
        {"payload": f'{{"a": {BIG}}}'},
        {"status": "running", "progress": f'{{"done": {BIG}, "total": {BIG}}}'},
        {"status": "running", "progress": f'{{"done": 1, "total": 2, "note": {DEEP}}}'},
        {"status": "failed", "errors": ERRORS},
    ],
)
def test_a_job_that_was_written_by_hand_breaks_no_page(site: Site, columns: dict[str, str]) -> None:
    """Such a job could be an attack that hides other jobs."""
    describe(site)
    columns = {"type": "mail.send", "fingerprint": "aaaa", **columns}
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    [(job,)] = site.sql(
        f"INSERT INTO jobs ({names}) VALUES ({marks}) RETURNING id",
        *columns.values(),
    )
    for path in ("/jobs", "/errors", f"/jobs/{job}", f"/jobs/{job}/edit"):
        site.html(path)
        site.json(path)


def test_a_type_that_was_described_by_hand_turns_no_text(site: Site) -> None:
    fields = {"side": {"kind": "enum", "values": ["left\u202e", "right"]}}
    describe(site, fields=fields, options={"more\u202e": "x\u202e"})
    [(job,)] = site.sql(
        "INSERT INTO jobs (type, fingerprint, payload) VALUES ('mail.send', 'aaaa', %s)"
        " RETURNING id",
        json.dumps({"side": "left\u202e"}),
    )
    for path in (f"/jobs/{job}/edit", "/types?type=mail.send"):
        assert "\u202e" not in re.sub('"[^"]*"', "", site.html(path)), path
