-- Whether a parked job of these queues and types starts once others have run. One whose order is held by a
-- failed job, or by one that is retried later, does not.
SELECT EXISTS (
  SELECT FROM (
    SELECT job.key, job.type FROM {jobs} AS job
    WHERE {is_parked} AND job.queue = ANY (%(queues)s::text[]) AND job.type = ANY (%(types)s::text[])
    GROUP BY job.key, job.type
  ) AS its
  LEFT JOIN {conduit_type_limits} AS limits ON limits.type = its.type
  WHERE EXISTS (
    SELECT FROM {jobs} AS job
    WHERE job.status = 'running' AND job.key = its.key AND job.type = its.type
  ) OR {next_of_key} IS DISTINCT FROM ''
)
