-- The attempts that still run after their timeout: how many, by type and worker, and for how many
-- seconds the first has been overdue.
SELECT type, coalesce(locked_by, ''), pg_catalog.count(*), pg_catalog.max(late.seconds)
FROM {jobs} AS job
CROSS JOIN LATERAL (
  SELECT extract(epoch FROM pg_catalog.now() - started_at)::float8 - timeout AS seconds
  WHERE pg_catalog.isfinite(started_at)
) AS late
WHERE status = 'running' AND start_written AND late.seconds > %(seconds)s::float8
GROUP BY type, locked_by
ORDER BY 4 DESC
LIMIT 20
