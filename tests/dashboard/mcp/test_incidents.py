"""An agent finds the cause of an incident in a few calls, and ends it by what the answers name."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from agent import Agent, Start
from command_line import EXAMPLE, Forks, Run
from dashboard_site import Site
from incidents import INCIDENTS, Incident
from waiting import until

MOST_CALLS = 6
ALLOWED = ("resume", "cancel", "retry")
_PROGRAM = [sys.executable, "-m", "conduit_runtime.cli"]
_PATHS = os.pathsep.join([str(Path(__file__).parents[1]), str(EXAMPLE)])


@pytest.fixture
def environment(dsn: str) -> dict[str, str]:
    return os.environ | {"CONDUIT_DATABASE_URL": dsn, "PYTHONPATH": _PATHS}


@pytest.fixture
def run(environment: dict[str, str], forks: Forks) -> Run:
    """Runs a command of `conduit-jobs`."""

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        done = forks.run(arguments, cwd=EXAMPLE, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return call


@contextmanager
def deployed(arguments: tuple[str, ...], environment: dict[str, str]) -> Iterator[None]:
    """A worker with these arguments; without any, none."""
    if not arguments:
        yield
        return
    with subprocess.Popen([*_PROGRAM, "worker", *arguments], env=environment) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def nodes(answer: Any) -> Iterator[dict[str, Any]]:
    """The objects of an answer that lead on or say what to do."""
    if isinstance(answer, dict):
        if answer.keys() & {"see", "mend"}:
            yield answer
        for each in answer.values():
            yield from nodes(each)
    elif isinstance(answer, list):
        for each in answer:
            yield from nodes(each)


def found(agent: Agent, cause: str) -> dict[str, Any]:
    """What an answer says to do about the cause, reached by the calls that the answers name."""
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = [("overview", {}, {})]
    for done in range(MOST_CALLS):
        assert calls, f"no answer leads on after {done} calls"
        tool, arguments, origin = calls.pop(0)
        answer = agent.seen(tool, **arguments)
        leading = [*nodes(answer)]
        for each in leading:
            if cause in json.dumps(each):
                return each
            if each["see"]:
                calls.append((each["see"]["tool"], each["see"]["arguments"], each))
        if cause in json.dumps(answer):
            return origin
        if tool == "jobs":
            calls.insert(0, ("job", {"id": answer["jobs"][0]["id"]}, origin))
    raise AssertionError(f"no answer gives it away within {MOST_CALLS} calls")


def mend(agent: Agent, to_do: dict[str, Any]) -> None:
    """Do the call that an answer names, after its dry run."""
    tool, arguments = to_do["mend"]["tool"], to_do["mend"]["arguments"]
    assert agent.call(tool, **arguments)["count"] > 0
    assert agent.call(tool, **arguments, dry_run=False)["count"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda each: each.name)
def test_incidents(
    site: Site, start: Start, run: Run, environment: dict[str, str], incident: Incident
) -> None:
    options = [word for action in ALLOWED for word in ("--allow", action)]
    worker = incident.deployed
    with incident.seeded(site, run), start(*options) as agent:
        to_do = found(agent, incident.cause)
        if not incident.command:
            mend(agent, to_do)
        else:
            named = re.search(incident.command, to_do["action"])
            assert named, to_do["action"]
            program, *rest = named[0].split()
            filled = [{"PACKAGE": worker[0] if worker else "", "N": "99"}.get(a, a) for a in rest]
            if program == "SELECT":
                site.sql(named[0])
            elif filled[0] == "worker":
                worker = (*filled[1:], *worker[1:])
            else:
                run(*filled)
        with deployed(worker, environment):
            until(lambda: site.sql(incident.over) == [(True,)])
