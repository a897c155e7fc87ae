"""Writes a replay as a test."""

import json
import re
from collections.abc import Sequence
from pprint import pformat
from typing import Any

from ...model.job import Job
from ...replay.steps import Stored
from ..packages import dotted, load_module

_TEST = '''"""A job of the type {type}, replayed against what its steps have stored."""

{imports}


def test_{words}_goes_on_behind_its_steps() -> None:
    assert_replays(
        {source},
        type={type!r},
{payload}
        steps=[
{steps}
        ],{further}
    )
'''


def test_of(job: Job, stored: Sequence[Stored], names: Sequence[str]) -> str:
    """The text of a test; `names` are the packages and pools, one of which runs the job."""
    module, source = _source(job.type, names)
    further = f"\n        fingerprint={job.fingerprint!r}," if job.fingerprint else ""
    if job.key is not None:
        further += f"\n        key={job.key!r},"
    if job.attempts > 1:
        further += f"\n        attempt={job.attempts},"
    steps = [(each.name, json.loads(each.value), each.began, each.ended) for each in stored]
    imports = [
        "from conduit_runtime.testing import assert_replays",
        f"from {module} import {source.partition('.')[0]}",
    ]
    return _TEST.format(
        type=job.type,
        imports="\n".join(sorted(imports)),
        source=source,
        words=re.sub(r"\W+", "_", job.type).strip("_").lower(),
        payload=_indented(f"payload={_literal(job.payload)},", 8),
        steps="\n".join(_indented(f"{_literal(each)},", 12) for each in steps),
        further=further,
    )


def _literal(value: Any) -> str:
    return pformat(value, width=80, sort_dicts=False)


def _indented(text: str, spaces: int) -> str:
    return "\n".join(f"{' ' * spaces}{line}" for line in text.split("\n"))


def _source(type_: str, names: Sequence[str]) -> tuple[str, str]:
    """The module that has the handler of a type, and the name of what has it there."""
    for name in names:
        module, _, path = name.partition(":")
        if path:
            return module, path
        found = vars(load_module(name))
        for own, value in found.items():
            handled = getattr(value, "handlers", value)
            if own == "JOBS":
                handled = [each for job in value for each in (job.name, *job.was)]
            elif not hasattr(handled, "by_type"):
                continue
            if type_ in handled:
                return dotted(name), own
    raise AssertionError(f"no package has a handler of {type_}")
