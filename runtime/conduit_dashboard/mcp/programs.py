"""Tools that run a command of ours in a process of its own, which loads the code as it is now."""

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from conduit_runtime.model.text.masking import MASK
from mcp.server.mcpserver.exceptions import ToolError

from .results import Checked, Doctor, Explained, Preflight, result
from .small import small

_SECONDS = 120.0
"""Seconds that a command may take."""
_OF_PREFLIGHT = ("stranded-jobs", "lossy-jobs")
_QUOTED = re.compile(r"""['"].*['"]""", re.DOTALL)


class Programs:
    """The tools; each public method is one, and its docstring describes it to clients.

    `packages` are generated packages; without them there is no `preflight`.
    """

    def __init__(self, dsn: str, schema: str | None, packages: Sequence[str]) -> None:
        self._dsn = dsn
        self._schema = [] if schema is None else ["--schema", schema]
        self._packages = packages

    @property
    def tools(self) -> list[Any]:
        """The methods that can be used here."""
        compiler = [self.check, self.explain] if find_spec("conduit_async") else []
        return [self.doctor, *([self.preflight] if self._packages else []), *compiler]

    async def doctor(self) -> Doctor:
        """Look for what keeps jobs from running, or makes them slow, and say what to do."""
        report = await self._jobs("doctor")
        for each in report["findings"]:
            if quoted := each.pop("quoted"):
                each["message"] = each["message"].replace(quoted, MASK)
            if each["code"] in _OF_PREFLIGHT:
                each["message"] = unquoted(each["message"])
        return result(Doctor, report)

    async def preflight(self) -> Preflight:
        """Say whether workers with the packages of this server would run every job that waits."""
        report = await self._jobs("preflight")
        for each in report["findings"]:
            each["message"] = unquoted(each["message"])
        return result(Preflight, report)

    async def check(self, file: str | None = None, text: str | None = None) -> Checked:
        """The diagnostics of the Conduit project in the working folder, with fixes.

        With text and file, those of the text as the source of this name; it writes nothing.
        """
        if (file is None) != (text is None):
            raise ToolError("Give file and text, or none of them.")
        if file is not None and not _is_here(file):
            raise ToolError("Name a file in the working folder, as in resources/order.conduit.")
        one = [] if file is None else ["--stdin", f"--filename={file}"]
        found = await _run("conduit_async.cli", "check", "--format", "json", *one, text=text)
        return {
            "files": found["files"],
            "diagnostics": small({"diagnostics": found["diagnostics"]})[0]["diagnostics"],
        }

    async def explain(self, code: str) -> Explained:
        """What a diagnostic of the compiler means, as in SYN001, with what to write instead."""
        return {"pages": await _run("conduit_async.cli", "explain", "--format", "json", "--", code)}

    async def _jobs(self, command: str) -> Any:
        return await _run(
            "conduit_runtime.cli",
            command,
            *self._schema,
            "--format=json",
            "--",
            *self._packages,
            environment={"CONDUIT_DATABASE_URL": self._dsn},
        )


def unquoted(message: str) -> str:
    """A message of preflight without names of stored steps, which may hold values."""
    return _QUOTED.sub("'…'", message)


def _is_here(file: str) -> bool:
    """Whether a file is in the working folder, or would be."""
    return "\0" not in file and Path.cwd() in Path(file).resolve().parents


async def _run(
    module: str, *arguments: str, text: str | None = None, environment: Mapping[str, str] = {}
) -> Any:
    """The JSON that a command prints. Raises ToolError with what it says if it fails."""
    if any("\0" in each for each in arguments):
        raise ToolError("An argument holds U+0000: leave it out.")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            out, said = await process.communicate((text or "").encode())
    except TimeoutError:
        raise ToolError(f"The command took longer than {_SECONDS:.0f} s.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    try:
        return json.loads(out)
    except ValueError:
        raise ToolError(said.decode(errors="replace").strip()[-2_000:]) from None
