-- The queues that hold pending or running jobs, have workers, or are paused or limited: their live
-- workers, and what operators set.
WITH waiting AS MATERIALIZED (
{waiting_queues}
), running AS MATERIALIZED (
  SELECT DISTINCT queue FROM {jobs} WHERE status = 'running'
), served AS MATERIALIZED (
  SELECT queue,
         pg_catalog.count(*) FILTER (
           WHERE seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => %(lease)s::float8)
         ) AS workers
  FROM {conduit_workers} AS worker CROSS JOIN pg_catalog.unnest(worker.queues) AS queue
  GROUP BY queue
), named AS (
  SELECT queue FROM waiting
  UNION
  SELECT queue FROM running
  UNION
  SELECT queue FROM served
  UNION
  SELECT name FROM {conduit_queues}
  WHERE pg_catalog.num_nonnulls(
    paused_at, concurrency, key_concurrency, fair, keep_completed, keep_failed
  ) > 0
)
SELECT named.queue, coalesce(served.workers, 0),
       -- Python's times have a smaller range than those of Postgres.
       CASE WHEN pg_catalog.isfinite(paused_at) THEN greatest(paused_at, '0001-01-02 00:00Z')
         WHEN paused_at IS NOT NULL THEN pg_catalog.now() END,
       concurrency, key_concurrency, keep_completed, keep_failed, coalesce(fair, false), fair_from
FROM named
LEFT JOIN served ON served.queue = named.queue
LEFT JOIN {conduit_queues} AS control ON control.name = named.queue
WHERE %(queue)s::text IS NULL OR named.queue = %(queue)s
ORDER BY named.queue
LIMIT %(limit)s
