DELETE FROM {conduit_blocked_jobs} AS job
WHERE error IS NOT NULL AND EXISTS (
  SELECT FROM unnest(%(queues)s::text[], %(statuses)s::text[], %(ages)s::float8[])
    AS old (queue, status, age)
  WHERE coalesce(old.queue = job.queue, true) AND old.status = 'failed'
    AND created_at < pg_catalog.now() - pg_catalog.make_interval(secs => old.age)
)
