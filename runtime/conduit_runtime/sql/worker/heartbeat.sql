-- Counts up the worker's heartbeat and reads those of all workers; each reader decides which moved.
-- The same statement returns the server time, the seconds until the next schedule is due, the pauses and
-- limits, the queues with refused claims, whether jobs have expired, and whether some are parked,
-- which saves statements of their own.
WITH own AS (
  UPDATE {conduit_workers}
  SET heartbeat = heartbeat + 1, seen_at = pg_catalog.now(), children = %(children)s::jsonb
  WHERE name = %(name)s
)
SELECT name, heartbeat, pg_catalog.pg_try_advisory_xact_lock_shared(lock_key), (
  SELECT extract(epoch FROM pg_catalog.min(greatest(next_run_at, retry_at)) - pg_catalog.now())::float8
  FROM {conduit_schedules} WHERE enabled
), extract(epoch FROM pg_catalog.clock_timestamp())::float8, ARRAY(
  SELECT name FROM {conduit_queues}
  WHERE name = ANY (%(queues)s::text[]) AND paused_at IS NOT NULL
), ARRAY(
  SELECT name FROM {conduit_queues}
  WHERE name = ANY (%(queues)s::text[]) AND {has_queue_limit}
), ARRAY(
  SELECT limits.type FROM {conduit_type_limits} AS limits WHERE {has_type_limit}
), EXISTS (
  SELECT FROM {conduit_dependencies} WHERE watched
), ARRAY(
  SELECT asked.queue FROM pg_catalog.unnest(%(queues)s::text[]) AS asked (queue)
  CROSS JOIN LATERAL (
    SELECT FROM {jobs} AS job
    WHERE job.queue = asked.queue AND {is_refused}
    ORDER BY job.run_at  -- so that it reads the index
    LIMIT 1
  ) AS refused
), coalesce((
  SELECT true FROM {jobs} AS job
  WHERE {is_expired}
  ORDER BY job.run_at - '2000-01-01 00:00Z'::timestamptz + job.expires * interval '1 s'
  LIMIT 1
), false), coalesce((
  SELECT true FROM {jobs} AS job WHERE {is_parked} ORDER BY job.key LIMIT 1
), false)
FROM {conduit_workers}
