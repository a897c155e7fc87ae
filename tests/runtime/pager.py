"""What `--on-failed` names in tests: prints a line of JSON a job."""

import json

from conduit_runtime import FailedJob

nobody = None


async def page(job: FailedJob) -> None:
    print(json.dumps({"id": str(job.id), "type": job.type, "error": job.error}), flush=True)
