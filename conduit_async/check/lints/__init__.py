"""Warnings about code that the language allows but that does harm in production."""

from ...config import Config
from ...diagnostics import Problems
from ..environment import Environment
from .cycles import report_cycles
from .held_transactions import report_held_transactions
from .method_typos import report_method_typos
from .repeated_effects import report_repeated_effects
from .shared_unique_values import report_shared_unique_values
from .stale_decisions import report_stale_decisions


def lint(env: Environment, config: Config, problems: Problems) -> None:
    """Warn about the jobs and hooks of a program without errors."""
    env.resources.note_no_more()  # a warning names the sources that it depends on
    report_stale_decisions(env, problems)
    report_repeated_effects(env, config, problems)
    report_method_typos(env, config, problems)
    report_cycles(env, problems)
    report_shared_unique_values(env, problems)
    hooks = {hook.node: env for info in env.resources.values() for hook in info.hooks}
    for hook, program in {**hooks, **env.uncompiled}.items():
        if hook.timing == "after":
            report_held_transactions(program, hook, config, problems)
