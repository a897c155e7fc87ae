-- The lanes in which jobs wait: for how many seconds the first has been due (below 0: it is not due
-- yet), its weight, whether live workers serve the queue and know the type there, and whether the queue is paused.
-- Parked jobs may wait for long, unless nothing releases them.
WITH queues AS MATERIALIZED (
{waiting_queues}
), lanes AS MATERIALIZED (
  SELECT queues.queue, lane.priority, lane.type, lane.fingerprint
  FROM queues
  CROSS JOIN LATERAL (
{waiting}
  ) AS lane
), live AS MATERIALIZED (
  -- Workers of one deploy have the same queues and lanes.
  SELECT DISTINCT queues, lanes FROM {conduit_workers}
  WHERE seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => %(seconds)s)
), known AS MATERIALIZED (
  SELECT DISTINCT queue, handled.lane ->> 0 AS type
  FROM live
  CROSS JOIN LATERAL pg_catalog.unnest(live.queues) AS queue
  CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(live.lanes) AS handled (lane)
)
SELECT lanes.queue, lanes.type, lanes.fingerprint, pg_catalog.max(first.age),
       pg_catalog.max(first.weight),
       pg_catalog.bool_or(served.is_served), pg_catalog.bool_or(known.type IS NOT NULL),
       pg_catalog.bool_or(served.is_paused)
FROM lanes
LEFT JOIN known ON known.queue = lanes.queue AND known.type = lanes.type
CROSS JOIN LATERAL (
  SELECT extract(epoch FROM pg_catalog.now() - job.run_at)::float8 AS age,
         coalesce(job.weight, 1) AS weight
  FROM {jobs} AS job
  WHERE job.queue = lanes.queue AND job.status = 'pending' AND job.priority = lanes.priority
    AND job.type = lanes.type AND job.fingerprint = lanes.fingerprint
  ORDER BY job.run_at, job.seq LIMIT 1
) AS first
CROSS JOIN LATERAL (
  SELECT EXISTS (SELECT FROM live WHERE lanes.queue = ANY (live.queues)) AS is_served,
         EXISTS (
           SELECT FROM {conduit_queues} AS control
           WHERE control.name = lanes.queue AND paused_at IS NOT NULL
         ) AS is_paused
) AS served
WHERE pg_catalog.right(lanes.fingerprint, 1) <> '~' OR known.type IS NULL OR served.is_paused
GROUP BY lanes.queue, lanes.type, lanes.fingerprint
ORDER BY lanes.queue, lanes.type, lanes.fingerprint
