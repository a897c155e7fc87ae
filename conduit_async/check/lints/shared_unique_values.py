"""Reports unique values that the jobs of all keys share."""

from collections.abc import Iterable

from ... import ast
from ...analyses.walk import walk
from ...diagnostics import Problems
from ...program import Facts, Local, Program

_HINT = "begin the unique value with what the key is made of: `unique: [self.customer_id, …]`"

_OF_LITERALS = (
    *(ast.Nil, ast.Bool, ast.Int, ast.Float, ast.Duration, ast.Symbol, ast.String),
    *(ast.ArrayLiteral, ast.HashLiteral, ast.Entry, ast.Unary, ast.Binary, ast.Ternary),
)


def report_shared_unique_values(program: Program, problems: Problems) -> None:
    """Warn (ASY912) about jobs whose key varies while their unique value is the same for all."""
    for info in program.resources.values():
        for job in (job for hook in info.hooks for job in hook.jobs):
            unique, key = job.options.get("unique", ()), job.options.get("key", ())
            if (
                _is_none(unique)
                or not _are_fixed(program.facts, unique)
                or _are_fixed(program.facts, key)
            ):
                continue
            message = "jobs of all keys have this unique value, so one key keeps out all others"
            problems.warning("ASY912", unique[0].span.to(unique[-1].span), message, _HINT)


def _is_none(values: tuple[ast.Expr, ...]) -> bool:
    """Whether these are no value: for nil and false a job is not unique."""
    match values:
        case () | (ast.Nil() | ast.Bool(value=False),):
            return True
    return False


def _are_fixed(facts: Facts, values: Iterable[ast.Expr]) -> bool:
    """Whether these values are made of literals alone, also by way of a `let`."""
    pending = [node for value in values for node in walk(value)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.NameRef):
            match facts.resolutions.get(node):
                case Local(value=ast.Node() as value) as local if local not in facts.assigned:
                    pending += walk(value)
                    continue
        if not isinstance(node, _OF_LITERALS):
            return False
    return True
