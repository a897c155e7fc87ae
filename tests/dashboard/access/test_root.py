"""Where the dashboard is mounted, as in an address."""

import pytest
from conduit_dashboard.access.root import root_of


@pytest.mark.parametrize(
    ("root_path", "raw_path", "root"),
    [
        ("", b"/jobs", ""),
        ("/", b"/jobs", ""),
        ("/ops/jobs", b"/ops/jobs/queues", "/ops/jobs"),
        ("/ops/jobs", b"/ops/jobs", "/ops/jobs"),
        ("/ops/jobs", b"/ops%2Fjobs/queues", "/ops%2Fjobs"),
        ("/ops jobs", b"/ops%20jobs/", "/ops%20jobs"),
        ("/ops/jobs", b"/queues", "/ops/jobs"),
        ("/ä?#", None, "/%C3%A4%3F%23"),
        ("/ops", b"//evil.example/queues", "/ops"),
    ],
)
def test_it_is_spelled_as_in_the_request(root_path: str, raw_path: bytes | None, root: str) -> None:
    assert root_of({"root_path": root_path, "raw_path": raw_path}) == root
