"""A project in the working folder, for tests of `conduitc`."""

import os
import subprocess
import sys
from pathlib import Path

GOOD = """
resource Post {
  id: uuid! @primary
  title: string!
  @after create @async { Mail.send(self.title) }
}
"""
BAD = "resource Post { id: uuid! @primary @after create @async { Mail.send(self.titel, nope) } }\n"


def put(path: str, content: str | bytes = GOOD) -> Path:
    """Write a file, and create its folders."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def files_of(folder: str) -> dict[str, bytes]:
    """The contents of a folder's files, by their names."""
    return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir())}


def conduitc(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """Run `conduitc` in a process of its own."""
    command = [sys.executable, "-m", "conduit_async.cli", *arguments]
    return subprocess.run(
        command, capture_output=True, env={**os.environ, **environment}, timeout=120, check=False
    )
