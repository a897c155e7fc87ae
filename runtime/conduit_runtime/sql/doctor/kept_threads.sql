-- The types whose jobs have run for longer than these seconds in threads that nothing stops: how many,
-- for how many seconds the first, and a worker that runs one.
SELECT job.type, pg_catalog.count(*),
       extract(epoch FROM pg_catalog.now() - pg_catalog.min(job.started_at))::float8,
       pg_catalog.min(job.locked_by)
FROM {jobs} AS job
WHERE job.status = 'running' AND job.start_written AND job.timeout IS NULL
  AND pg_catalog.isfinite(job.started_at)
  AND job.started_at < pg_catalog.now() - pg_catalog.make_interval(secs => %(seconds)s)
  AND EXISTS (SELECT FROM {conduit_workers} AS worker WHERE worker.name = job.locked_by)
  AND EXISTS (
    SELECT FROM {conduit_job_types} AS known
    WHERE known.type = job.type AND known.description @> '{"keeps_threads": true}'::jsonb
  )
GROUP BY job.type
ORDER BY 2 DESC, 1
LIMIT 20
