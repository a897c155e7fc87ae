"""The past parts of a chart are read once."""

from dashboard_site import Site
from waiting import until

COUNT = """
INSERT INTO conduit_metrics (seconds, starts_at, queue, type, succeeded)
SELECT 60, date_bin('1 minute', now() - make_interval(mins => %s), '2000-01-01 00:00Z'), %s, 't', %s
"""


def counts(site: Site, **query: str) -> list[int]:
    response = site.json("/", **query)
    return [part["succeeded"] for part in response["attempts"] if part["succeeded"]]


def test_only_the_present_is_read_again(site: Site) -> None:
    site.sql(COUNT, 30, "q", 3)
    site.sql(COUNT, 0, "q", 1)
    parts = len(site.json("/")["attempts"])
    assert counts(site) == [3, 1]
    site.sql("UPDATE conduit_metrics SET succeeded = succeeded + 10")
    until(lambda: counts(site) == [3, 11])
    assert len(site.json("/")["attempts"]) == parts


def test_other_charts_have_parts_of_their_own(site: Site) -> None:
    site.sql(COUNT, 30, "q", 3)
    site.sql(COUNT, 30, "r", 4)
    assert counts(site) == [7]
    assert counts(site, queue="r") == [4]
    assert counts(site, window="24h") == [7]
