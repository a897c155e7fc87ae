"""Reports unique values that the jobs of all keys share."""

from ...diagnostics import Problems
from ...program import Program
from ..constants import is_constant

_HINT = "begin the unique value with what the key is made of: `unique: [self.customer_id, …]`"


def report_shared_unique_values(program: Program, problems: Problems) -> None:
    """Warn (ASY912) about jobs whose key varies while their unique value is a constant."""
    for info in program.resources.values():
        for job in (job for hook in info.hooks for job in hook.jobs):
            unique, key = job.options.get("unique", ()), job.options.get("key", ())
            if not unique or not all(map(is_constant, unique)) or all(map(is_constant, key)):
                continue
            message = "jobs of all keys have this unique value, so one key keeps out all others"
            problems.warning("ASY912", unique[0].span.to(unique[-1].span), message, _HINT)
