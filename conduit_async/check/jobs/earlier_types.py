"""`was: "old_name"` of an `@async` block: the earlier names of its job type."""

from collections.abc import Set

from ... import ast
from ...diagnostics import Problems, Related
from ...program import JobInfo, Program
from ...source import Span
from ...suggest import did_you_mean


def name_earlier_types(program: Program, known: Set[str], problems: Problems) -> None:
    """Give every job the earlier names of its type, and report impossible names (VAL505).

    `known` are the job types of the lock, for hints about typos.
    """
    jobs = [job for info in program.resources.values() for job in info.jobs]
    now = {job.name: job for job in jobs}
    seen: dict[str, Span] = {}
    for job in jobs:
        given = job.options.get("was", ())
        around = job.name.rpartition(".")[0]
        job.was = tuple(dict.fromkeys(n if "." in n else f"{around}.{n}" for n in given))
        span = _span(job)
        for name in job.was:
            if name == job.name:
                message = f"`{name}` is what this job type is called now"
                problems.error("VAL505", span, message, "give its earlier name")
            elif name in now:
                related = Related(now[name].block.header, "this one")
                message = f"another block is called `{name}`"
                hint = "one job type cannot be the earlier name of another: remove it"
                problems.error("VAL505", span, message, hint, related)
            elif name in seen:
                related = Related(seen[name], "the first one")
                message = f"`{name}` is the earlier name of two job types"
                problems.error("VAL505", span, message, "remove it from one of them", related)
            elif name not in known and (meant := _meant(name, job, known - now.keys())):
                problems.warning("SYN012", span, f"no job type was ever called `{name}`", meant)
            seen.setdefault(name, span)


def _meant(name: str, job: JobInfo, gone: Set[str]) -> str | None:
    """A hint with the nearest name among the types of the same hook that are gone."""
    around = job.name.rpartition(".")[0]
    own = [each.rpartition(".")[2] for each in gone if each.rpartition(".")[0] == around]
    hook, _, last = name.rpartition(".")
    return did_you_mean(last, own, '"{}"') if hook == around else None


def _span(job: JobInfo) -> Span:
    found = (each for each in job.block.options if each.name and each.name.text == "was")
    argument: ast.Argument | None = next(found, None)
    return argument.value.span if argument is not None else job.block.header
