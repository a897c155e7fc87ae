-- The attempts that have not ended though their time was over: how many, by type and worker.
SELECT type, coalesce(locked_by, ''), pg_catalog.count(*),
       pg_catalog.max(extract(epoch FROM pg_catalog.now() - started_at) - timeout)::float8
FROM {jobs} AS job
WHERE status = 'running' AND start_written
  AND started_at < pg_catalog.now() - pg_catalog.make_interval(secs => timeout + %(seconds)s::float8)
GROUP BY type, locked_by
ORDER BY 4 DESC
LIMIT 20
