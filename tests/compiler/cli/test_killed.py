"""A `conduitc gen` that is killed at any step leaves no package of two versions."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from generated import compiled

from conduit_async.cli.ownership import MANIFEST

ORDER = "resource Order { id: int! title: string! @after create @async { Mail.send(HERE) } }"
USER = "resource User { id: int! name: string? @after create @async { Mail.greet(self.id) } }"


@cache
def packages() -> dict[str, dict[str, str]]:
    """The files of each package, by its name."""
    old = compiled({"order.conduit": ORDER.replace("HERE", "self.id"), "user.conduit": USER})
    source = ORDER.replace("HERE", "self.title, self")
    return {
        "nothing": {},
        "old": old,
        "new": compiled({"order.conduit": source, "a.conduit": USER}),
        "one file changes": old | {"order.py": old["order.py"] + "# changed\n"},
        "without jobs": compiled({"order.conduit": "resource Order { id: int! }"}),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nothing", "new"),
        ("old", "new"),
        ("new", "old"),
        ("old", "one file changes"),
        ("old", "without jobs"),
    ],
)
def test_a_run_that_is_killed(before: str, after: str, tmp_path: Path) -> None:
    old, new = packages()[before], packages()[after]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed.py"), tmp_path],
        input=json.dumps([old, new]),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert len(found) > 10
    kept = {"of_the_users.py": "kept = 1\n"}
    for each in found:
        whole = each["left"] in ({**old, **kept}, {**new, **kept})
        assert each["seen"] == (0 if whole else 3), each["left"].keys()
        assert each["repaired"] == {**new, **kept}
        assert each["others"] == [MANIFEST]
