"""A task of Django; import it once Django is configured."""

from typing import Any

from conduit_runtime import current_job
from django_tasks import task
from pair_handlers import act as act_of


@task
async def act(what: str, exact: Any) -> None:
    job = current_job()
    await act_of(job.id, job.attempt, what, exact)
