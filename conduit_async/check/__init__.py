"""From syntax trees to a checked program."""

from collections.abc import Collection, Sequence

from .. import ast
from ..config import Config
from ..diagnostics import Problems
from ..lock.model import Lock
from ..program import Program, Upcasters
from .calls import calls
from .declarations.declare import declare
from .declarations.placement import check_placement
from .declarations.unsupported import report_unsupported
from .environment import Environment
from .expressions import access, control, indexing, literals, lookup, operators
from .jobs.async_blocks import describe_jobs, name_jobs
from .jobs.batches import check_batches
from .jobs.capture import capture
from .jobs.older_payloads import plan_older_payloads
from .jobs.pauses import report_pauses
from .jobs.reach import check_bodies
from .jobs.steps import divide_into_steps
from .jobs.stored_records import report_sensitive_reads
from .lints import lint
from .lints.footprint import find_calls
from .names.clashes import check_clashes
from .names.typos import check_config_names, check_service_names
from .rewriting.lifted_effects import lift_effects

__all__ = ["check", "examine"]

RULE_MODULES = (access, calls, control, indexing, literals, lookup, operators)
"""The modules whose import registers their rules."""


def check(
    files: Sequence[ast.File],
    config: Config,
    problems: Problems,
    outside: Collection[str] = (),
    lock: Lock | None = None,
    upcasters: Upcasters = frozenset(),
) -> Program | None:
    """Resolve every name, type every expression, decide every capture; None after an error.

    `outside` are the names of classes that other sources declare. `lock` is that of the package,
    `upcasters` are those of the application.
    """
    env = examine(files, config, problems, outside, lock, upcasters)
    return None if problems.has_errors else env


def examine(
    files: Sequence[ast.File],
    config: Config,
    problems: Problems,
    outside: Collection[str] = (),
    lock: Lock | None = None,
    upcasters: Upcasters = frozenset(),
) -> Environment:
    """Do what `check` does, and return what is known after an error, too."""
    for file in files:
        for span in file.unparsed:
            problems.unparsed.add(span)
    problems.note_unbalanced()
    env = Environment(config=config, problems=problems, unparsed=problems.unparsed)
    check_placement(files, problems)
    env.taken_names.update(outside)
    declare(env, files)
    check_bodies(env)
    check_service_names(env, config, problems)
    describe_jobs(env, config, problems)
    capture(env, problems)
    check_batches(env, problems)
    if not problems.has_errors:
        lift_effects(env)
    divide_into_steps(env)
    name_jobs(env, config, problems, lock or Lock(), outside)
    plan_older_payloads(env, config, problems, upcasters, outside)
    report_sensitive_reads(env, problems)
    check_clashes(env, config.schema, problems)
    columns = {info.name: info.columns for info in env.resources.values()}
    check_config_names(columns, config, problems)
    if not problems.has_errors:
        report_pauses(env, lock or Lock(), problems)
        report_unsupported(env, problems)
        lint(env, config, problems)
        find_calls(env)
    return env
