"""A compiled source, for the cost of generated handlers."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from conduit_runtime import JobType

_SOURCE = """
resource Account {
  id: uuid! @primary @auto
  name: string!
  email: email!

  @after create @async {
    Mailer.send(self.email, subject: "Welcome, #{self.name}")
  }
}
"""
PAYLOAD = {"email": "user@example.com", "name": "Ada"}
_PACKAGE = "conduit_benchmark_jobs"


@contextmanager
def compiled() -> Iterator["tuple[JobType[object, object], str]"]:
    """The job type of the source above and the package that holds it.

    The package is on the import path of this process and its children.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "account.conduit")
        source.write_text(_SOURCE, encoding="utf-8")
        command = [sys.executable, "-m", "conduit_async.cli", "gen", str(source)]
        subprocess.run(
            [*command, "-o", str(Path(folder, _PACKAGE))], cwd=folder, check=True, stdout=sys.stderr
        )
        paths = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, *([paths] if paths else [])])
        sys.path.insert(0, folder)
        try:
            [job_type] = import_module(_PACKAGE).JOBS
            yield job_type, _PACKAGE
        finally:
            sys.path.remove(folder)
