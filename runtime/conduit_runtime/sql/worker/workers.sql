-- The registered workers, each with the jobs that run there, and the number of jobs that it has
-- claimed and not started. A worker writes the start of a job that runs for half a second.
SELECT name, host, pid, version, queues,
       extract(epoch FROM pg_catalog.now() - seen_at)::float8, started_at,
       (SELECT pg_catalog.count(*) FROM {jobs} AS job
        WHERE job.locked_by = worker.name AND job.status = 'running' AND start_written IS NOT TRUE),
       coalesce((
         SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
           'id', job.id, 'type', job.type, 'queue', job.queue, 'attempt', job.attempts,
           -- A start that was set by hand may be infinite.
           'seconds', CASE WHEN pg_catalog.isfinite(job.started_at)
             THEN extract(epoch FROM pg_catalog.now() - job.started_at)::float8 ELSE 0::float8 END
         ) ORDER BY job.started_at)
         FROM {jobs} AS job
         WHERE job.locked_by = worker.name AND job.status = 'running' AND start_written
       ), '[]'::jsonb)::text,
       coalesce(children, '{}'::jsonb)::text
FROM {conduit_workers} AS worker
ORDER BY name
