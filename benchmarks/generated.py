"""How fast generated handlers drain, beside a bare handler."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from conduit_runtime import JobType

from .database import Database
from .measure import Figure, Options, Results, repeat
from .processes import drain, rate

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
_PACKAGE = "conduit_benchmark_jobs"
_PAYLOAD = {"email": "user@example.com", "name": "Ada"}
_JOBS = 100_000


def generated(server: str, options: Options, results: Results) -> None:
    """A compiled `@async` block with a typed payload that calls an async service."""
    one = results.value("drain, 1 process")
    with _compiled() as job_type:

        def measure() -> float:
            database = Database(server)
            database.fill(
                options.jobs(_JOBS),
                type=job_type.name,
                fingerprint=job_type.fingerprint,
                payload=json.dumps(_PAYLOAD),
            )
            drain(database, f"--package={_PACKAGE}")
            return rate(database)

        runs = repeat(options, measure)
    results.add(Figure("drain, generated handler", "jobs/s", runs, one, "drain, 1 process", 0.7))


@contextmanager
def _compiled() -> Iterator["JobType[object, object]"]:
    """The job type of the source above, on the import path of this process and its children."""
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
            yield job_type
        finally:
            sys.path.remove(folder)
