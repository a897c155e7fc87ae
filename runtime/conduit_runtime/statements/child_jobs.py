"""What a job enqueues when it completes."""

from collections.abc import Mapping
from typing import Any

from ..model.flow import Flow
from ..model.job import Job
from .flows import flow_rows, unstored
from .jobs import insert_parameters
from .unique_keys import note_stored


class ChildJobs(list[Job]):
    """Jobs, those of flows among them, in the order in which they were enqueued."""

    _flow_rows: tuple[dict[str, Any], ...] = ()

    def add_flow(self, flow: Flow) -> None:
        """Add a chain or a group as it is now.

        Raises PayloadError for a job that Postgres would refuse.
        """
        flow = unstored(flow)
        self._flow_rows += tuple(flow_rows(flow))
        self.extend(flow.jobs)
        note_stored(flow.jobs, ())

    def rows(self) -> list[Mapping[str, Any]]:
        """What the statement that completes the job says of them."""
        in_flows = {row["id"] for row in self._flow_rows}
        jobs = [job.unstored() for job in self if job.id not in in_flows]
        note_stored([job for job in self if job.id not in in_flows], ())
        return [*map(insert_parameters, jobs), *self._flow_rows]
