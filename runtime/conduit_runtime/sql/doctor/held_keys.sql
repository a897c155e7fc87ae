-- The failed jobs whose keys run in order and wait for them: those behind which a job has been due for long.
SELECT failed.type, failed.key, failed.id::text,
       extract(epoch FROM pg_catalog.now() - failed.completed_at)::float8 AS seconds
FROM (
  SELECT job.id, job.type, job.key, job.completed_at FROM {jobs} AS job
  WHERE job.status = 'failed' ORDER BY job.id DESC LIMIT %(most)s
) AS failed
JOIN {conduit_type_limits} AS limits ON limits.type = failed.type AND limits.key_order = 'hold'
WHERE EXISTS (
  SELECT FROM {jobs} AS job
  WHERE job.key = failed.key AND job.type = failed.type AND job.status = 'pending'
    AND job.run_at < pg_catalog.now() - pg_catalog.make_interval(secs => %(late)s)
)
ORDER BY failed.type, failed.completed_at
