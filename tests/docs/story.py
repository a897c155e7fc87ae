"""Runs the blocks of a page from top to bottom, in a folder of their own."""

import configparser
import json
import os
import re
import subprocess
import sys
import tomllib
from builtins import compile as compile_python
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, ClassVar, Self
from urllib.parse import quote

import psycopg
import pytest
import yaml
from command_line import Forks
from conduit_runtime import embedded
from page import Block
from ports import free_ports
from psycopg.conninfo import conninfo_to_dict
from shell import Shell

from conduit_async.compiler import compile
from conduit_async.render import as_text

PORTS = re.compile(r"\b(?:8000|8001|9200)\b")
"""Ports that pages name. Each is replaced by a free one."""


class Story:
    """A story in a folder: its files, shell, servers and Python namespace."""

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        forks: Mapping[str, Forks] = MappingProxyType({}),
    ) -> None:
        self.shell = Shell(folder, environment, forks)
        self._folder = folder
        self._ports: dict[str, str] = {}
        self._python: tuple[subprocess.Popen[str], IO[str]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Stop what still runs."""
        self.shell.stop()
        if self._python is not None:
            process, answers = self._python
            process.communicate()
            answers.close()

    def tell(self, block: Block) -> str:
        """Run a block; return the line and what is wrong there, or an empty text."""
        try:
            self._tell(block)
        except Exception as error:
            what = str(error) if isinstance(error, AssertionError) else repr(error)
            return f"{block.page}:{block.line}: {what}"
        return ""

    def _tell(self, block: Block) -> None:
        if block.reason is not None:
            assert block.reason, "not run, without a reason"
            return
        if "stop" in block.asked:
            self.shell.stop()
        if "wait" in block.asked:
            self.shell.wait(self._ported(block.asked["wait"]))
        text = self._ported(block.text)
        if block.path is not None and block.language != "console":
            path = self.shell.folder / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            if block.language == "python":  # a file that only another library can run
                compile_python(text, block.path, "exec")
        if block.path is None or block.language in DATA:
            assert block.language in self._runs, f"no way to run {block.language!r}"
            self._runs[block.language](self, block, text)

    def _ported(self, text: str) -> str:
        return PORTS.sub(lambda found: self._port(found[0]), text)

    def _port(self, named: str) -> str:
        if named not in self._ports:
            self._ports[named] = str(free_ports(1)[0])
        return self._ports[named]

    def _run_python(self, block: Block, text: str) -> None:
        if self._python is None:
            read, write = os.pipe()
            process = subprocess.Popen(
                ["python", Path(__file__).with_name("namespace.py"), str(write)],
                cwd=self.shell.folder,
                env=self.shell.environment,
                stdin=subprocess.PIPE,
                pass_fds=(write,),
                text=True,
            )
            os.close(write)
            self._python = process, os.fdopen(read)
        process, answers = self._python
        assert process.stdin is not None
        print(
            json.dumps({"text": text, "page": block.page, "line": block.line}),
            file=process.stdin,
            flush=True,
        )
        answer = answers.readline()
        assert answer, "the Python process ended"
        failure = json.loads(answer)
        assert not failure, failure

    def _run_sql(self, block: Block, text: str) -> None:
        dsn = self.shell.environment["DATABASE_URL"]
        with psycopg.connect(dsn) as connection:
            connection.execute(text.encode())

    def _compile(self, block: Block, text: str) -> None:
        """Compile a source; its diagnostics must have the codes that `diagnostic` names."""
        found = compile({"source.conduit": text}).diagnostics
        expected = block.asked.get("diagnostic", "").split()
        codes = sorted(each.code for each in found)
        assert codes == sorted(expected), as_text(found, color=False)

    _runs: ClassVar[dict[str, Callable[["Story", Block, str], None]]] = {
        "console": lambda self, block, text: self.shell.run(text),
        "python": _run_python,
        "sql": _run_sql,
        "conduit": _compile,
        "toml": lambda self, block, text: _parsed(tomllib.loads(text)),
        "json": lambda self, block, text: _parsed(json.loads(text)),
        "yaml": lambda self, block, text: _parsed(list(yaml.safe_load_all(text))),
        "ini": lambda self, block, text: _parsed(_ini().read_string(text)),
        "text": lambda self, block, text: None,
    }


DATA = {"toml", "json", "yaml", "ini"}
"""Languages that are only parsed, files too."""


def _parsed(value: object) -> None:
    """Accept any value: reading it without an error is the whole check."""


def _ini() -> configparser.RawConfigParser:
    return configparser.RawConfigParser(strict=False)  # a systemd unit may repeat a key


def environment(database: str | None, programs: Path) -> dict[str, str]:
    """A reader's environment: an installation first on the path, and a database or none."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONDUIT_", "PG", "DATABASE_URL", "PYTEST_", "VIRTUAL_ENV"))
    }
    given = {"DATABASE_URL": as_url(database)} if database is not None else {}
    path = os.pathsep.join([str(programs), kept["PATH"]])
    fixed = {"PATH": path, "COLUMNS": "120", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    return {**kept, **given, **fixed}


def as_url(dsn: str) -> str:
    """A connection string as a URL for readers: asyncpg and SQLAlchemy take no other form."""
    given = {name: quote(str(value), safe="") for name, value in conninfo_to_dict(dsn).items()}
    user, password, name = (given.pop(key, "") for key in ("user", "password", "dbname"))
    login = f"{user}:{password}" if password else user
    return f"postgresql://{login}@/{name}?{'&'.join(f'{key}={given[key]}' for key in given)}"


PROGRAMS = Path(sys.executable).parent
"""The folder with the commands of this installation."""


def happen(
    blocks: list[Block],
    folder: Path,
    variables: dict[str, str],
    forks: Mapping[str, Forks] = MappingProxyType({}),
) -> None:
    """Run the blocks of a page in a new folder; fail with the line of what is wrong.

    `forks` are those in which plain commands run, by the names of their programs.
    """
    folder.mkdir()
    failure = ""
    with Story(folder, variables, forks) as story:
        for block in blocks:
            if failure := story.tell(block):
                break
    stop_embedded(folder / ".conduit" / "postgres")
    if failure:
        pytest.fail(failure, pytrace=False)


def stop_embedded(folder: Path) -> None:
    """Stop the embedded Postgres of a folder; it would keep running for its next user."""
    if folder.exists():
        with embedded.start(folder):
            (folder / "users.lock").write_bytes(b"")
