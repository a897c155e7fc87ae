"""The pages. Each has a module, with the actions that the page offers."""

from ..page import Routes
from . import (
    audit,
    errors,
    flow,
    job,
    job_changes,
    job_edit,
    jobs,
    limits,
    overview,
    queues,
    schedules,
    source,
    types,
    workers,
)

ROUTES: Routes = [
    *overview.ROUTES,
    *jobs.ROUTES,
    *job_changes.ROUTES,
    *job.ROUTES,
    *job_edit.ROUTES,
    *flow.ROUTES,
    *errors.ROUTES,
    *queues.ROUTES,
    *limits.ROUTES,
    *types.ROUTES,
    *source.ROUTES,
    *schedules.ROUTES,
    *workers.ROUTES,
    *audit.ROUTES,
]
NAVIGATION = (
    ("/", "Overview"),
    ("/jobs", "Jobs"),
    ("/errors", "Errors"),
    ("/queues", "Queues"),
    ("/types", "Types"),
    ("/schedules", "Schedules"),
    ("/workers", "Workers"),
    ("/source", "Source"),
    ("/audit", "Audit"),
)
"""The navigation on every page: paths and titles."""
