"""The path at which the dashboard is mounted, as in an address."""

import pytest
from conduit_dashboard.access.root import root_of, rooted


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


@pytest.mark.parametrize(
    ("scope", "root", "path"),
    [
        ({"path": "/jobs"}, "", "/jobs"),
        ({"path": "/jobs", "root_path": "/"}, "", "/jobs"),
        ({"path": "", "root_path": ""}, "", "/"),
        ({"path": "/ops/jobs", "root_path": "/ops"}, "/ops", "/ops/jobs"),
        ({"path": "/ops", "root_path": "/ops"}, "/ops", "/ops/"),
        ({"path": "/jobs", "root_path": "/ops"}, "/ops", "/ops/jobs"),
        ({"path": "/opsjobs", "root_path": "/ops"}, "/ops", "/ops/opsjobs"),
        (
            {"path": "/ops/jobs", "root_path": "/api/ops", "app_root_path": "/api"},
            "/api/ops",
            "/api/ops/jobs",
        ),
    ],
)
def test_the_path_begins_with_the_root(scope: dict[str, str], root: str, path: str) -> None:
    found = rooted(scope)
    assert (found["root_path"], found["path"]) == (root, path)
