"""`services.py`, as the application's own modules use it."""

from pathlib import Path

import pytest
from generated import compiled, write
from type_checks import mypy

from conduit_async.config import Config

SOURCE = """
resource Ticket {
  id: int! @primary
  title: string!
  @after create @async { Email.send(self.title, cc: "ops") notify(self.id) }
}
"""
OBJECT = """
from jobs.services import provides

class Email:
    async def send(self, to: str, /, *, {parameter}) -> None: ...

class Mine:
    def __init__(self) -> None:
        self.email = Email()

    def notify(self, id: int) -> None: ...

services = provides(Mine())
reveal_type(services)
"""
FACTORY = """
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from jobs.services import Services, provides

class Email:
    def send(self, to: str, /, *, {parameter}) -> None: ...

class Mine:
    email = Email()

    async def notify(self, id: int) -> None: ...

def create() -> Services:
    return provides(Mine())

@asynccontextmanager
async def services() -> AsyncIterator[Services]:
    yield provides(Mine())
"""


def judged(folder: Path, text: str) -> tuple[int, str]:
    """The exit code and the output of mypy for a module beside the package."""
    (folder / "provided.py").write_text(text, "utf-8")
    done = mypy(folder, "-p", "jobs", "-m", "provided")
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provided")
    write(compiled(SOURCE, Config(externs=("notify",))), folder / "jobs")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("text", [OBJECT, FACTORY])
def test_one_line_makes_mypy_check_what_an_application_provides(folder: Path, text: str) -> None:
    code, output = judged(folder, text.format(parameter="cc: str"))
    assert code == 0, output
    assert text is FACTORY or '"provided.Mine"' in output, "its own type stays known"
    code, output = judged(folder, text.format(parameter="copy: str"))
    assert code == 1
    assert '"_Provided" of "provides" cannot be "Mine"' in output
