"""A `conduitc gen` that is killed at any step leaves no package of two versions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from generated import compiled

from conduit_async.cli.ownership import MANIFEST

ORDER = "resource Order { id: int! title: string! @after create @async { Mail.send(HERE) } }"
USER = "resource User { id: int! name: string? @after create @async { Mail.greet(self.id) } }"
NOTHING: dict[str, str] = {}
OLD = compiled({"order.conduit": ORDER.replace("HERE", "self.id"), "user.conduit": USER})
NEW = compiled({"order.conduit": ORDER.replace("HERE", "self.title, self"), "a.conduit": USER})
ONE_CHANGES = OLD | {"order.py": OLD["order.py"] + "# changed\n"}
WITHOUT_JOBS = compiled({"order.conduit": "resource Order { id: int! }"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [(NOTHING, NEW), (OLD, NEW), (NEW, OLD), (OLD, ONE_CHANGES), (OLD, WITHOUT_JOBS)],
    ids=["new", "changed", "back", "one_file", "orphans"],
)
def test_a_run_that_is_killed(old: dict[str, str], new: dict[str, str], tmp_path: Path) -> None:
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
