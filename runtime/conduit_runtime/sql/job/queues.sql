WITH counts AS (
  SELECT queue,
         pg_catalog.count(*) FILTER (WHERE status = 'pending') AS pending,
         pg_catalog.count(*) FILTER (WHERE status = 'running') AS running,
         pg_catalog.count(*) FILTER (WHERE status = 'completed') AS completed,
         pg_catalog.count(*) FILTER (WHERE status = 'failed') AS failed,
         pg_catalog.count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
         pg_catalog.count(*) FILTER (WHERE is_due AND NOT EXISTS (
           SELECT FROM {conduit_workers} AS worker
           WHERE job.queue = ANY (worker.queues)
             AND worker.lanes @> pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array(job.type, {lane_of}))
         )) AS unknown,
         pg_catalog.count(*) FILTER (WHERE status = 'pending' AND is_unreadable) AS unreadable,
         pg_catalog.count(*) FILTER (WHERE {is_refused}) AS refused,
         pg_catalog.min(run_at) FILTER (WHERE is_due) AS oldest_due
  FROM {jobs} AS job
  CROSS JOIN LATERAL (SELECT {is_unreadable} AS is_unreadable) AS lane
  CROSS JOIN LATERAL (
    SELECT status = 'pending' AND run_at <= pg_catalog.now() AND NOT is_unreadable AS is_due
  ) AS due
  GROUP BY queue
), served AS (
  SELECT queue, pg_catalog.count(*) AS workers
  FROM {conduit_workers} AS worker CROSS JOIN pg_catalog.unnest(worker.queues) AS queue
  GROUP BY queue
), controlled AS (
  SELECT name AS queue, paused_at, concurrency, key_concurrency, fair, fair_from, keep_completed, keep_failed, keep_steps
  FROM {conduit_queues}
  WHERE pg_catalog.num_nonnulls(
    paused_at, concurrency, key_concurrency, fair_from, keep_completed, keep_failed, keep_steps) > 0
)
SELECT queue, coalesce(pending, 0), coalesce(running, 0), coalesce(completed, 0),
       coalesce(failed, 0), coalesce(cancelled, 0), coalesce(unknown, 0), coalesce(unreadable, 0),
       coalesce(refused, 0), coalesce(workers, 0),
       paused_at, concurrency,
       -- Python's times have a smaller range than those of Postgres; greatest() ignores NULL.
       CASE WHEN oldest_due IS NOT NULL THEN greatest(oldest_due, '0001-01-02 00:00Z') END,
       keep_completed, keep_failed, keep_steps, key_concurrency, coalesce(fair, false), fair_from
FROM counts FULL JOIN served USING (queue) FULL JOIN controlled USING (queue)
ORDER BY queue
