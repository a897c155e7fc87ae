-- Whether a parked job of these queues and types starts once others have run. One whose order is held by a
-- failed job, or by one that is retried later, does not.
SELECT EXISTS (
  SELECT FROM (
    SELECT job.key, job.type FROM {jobs} AS job
    WHERE {is_parked} AND job.queue = ANY (%(queues)s::text[]) AND job.type = ANY (%(types)s::text[])
    GROUP BY job.key, job.type
  ) AS parked
  WHERE EXISTS (
    SELECT FROM {jobs} AS job
    WHERE job.status = 'running' AND job.key = parked.key AND job.type = parked.type
  ) OR (
    {next_of_key}
  ) IS DISTINCT FROM ''
)
