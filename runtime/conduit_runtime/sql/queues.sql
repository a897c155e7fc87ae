WITH counts AS (
  SELECT queue,
         count(*) FILTER (WHERE status = 'pending') AS pending,
         count(*) FILTER (WHERE status = 'running') AS running,
         count(*) FILTER (WHERE status = 'completed') AS completed,
         count(*) FILTER (WHERE status = 'failed') AS failed,
         count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
         count(*) FILTER (WHERE status = 'pending' AND run_at <= now() AND NOT EXISTS (
           SELECT FROM {conduit_workers} AS worker
           WHERE job.queue = ANY (worker.queues)
             AND worker.lanes @> jsonb_build_array(jsonb_build_array(job.type, job.fingerprint))
         )) AS unknown,
         min(run_at) FILTER (WHERE status = 'pending' AND run_at <= now()) AS oldest_due
  FROM {jobs} AS job
  GROUP BY queue
), served AS (
  SELECT queue, count(*) AS workers
  FROM {conduit_workers} AS worker CROSS JOIN unnest(worker.queues) AS queue
  GROUP BY queue
), controlled AS (
  SELECT name AS queue, paused_at, concurrency FROM {conduit_queues}
  WHERE paused_at IS NOT NULL OR concurrency IS NOT NULL
)
SELECT queue, coalesce(pending, 0), coalesce(running, 0), coalesce(completed, 0),
       coalesce(failed, 0), coalesce(cancelled, 0), coalesce(unknown, 0), coalesce(workers, 0),
       paused_at, concurrency,
       -- Python cannot hold every time that Postgres can; greatest() passes NULL over.
       CASE WHEN oldest_due IS NOT NULL THEN greatest(oldest_due, '0001-01-02 00:00Z') END
FROM counts FULL JOIN served USING (queue) FULL JOIN controlled USING (queue)
ORDER BY queue
