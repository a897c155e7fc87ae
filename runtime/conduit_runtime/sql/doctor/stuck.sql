-- The holders of running jobs that are no live workers: how many jobs, and for how many seconds.
SELECT coalesce(locked_by, ''), pg_catalog.count(*),
       extract(epoch FROM pg_catalog.now() - pg_catalog.min(locked_at))::float8
FROM {jobs} AS job
WHERE status = 'running' AND CASE
  WHEN leased_until IS NOT NULL
    THEN leased_until < pg_catalog.now() - pg_catalog.make_interval(secs => %(seconds)s)
  ELSE coalesce(locked_at, '-infinity') < pg_catalog.now() - pg_catalog.make_interval(secs => %(seconds)s)
    AND NOT EXISTS (
      SELECT FROM {conduit_workers} AS worker
      WHERE worker.name = job.locked_by
        AND worker.seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => %(seconds)s)
    ) END
GROUP BY locked_by
ORDER BY 2 DESC
LIMIT 20
