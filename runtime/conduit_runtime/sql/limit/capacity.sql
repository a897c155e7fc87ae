-- The capacity under the limits: how many jobs of each queue, and of each type with a concurrency or
-- a rate, may be claimed, each as often as it weighs; whether nothing counts yet; and for rates after how
-- many seconds it grows; and which of them have limits by key. The rows are locked, so no other claim counts at the same time.
SELECT 'queue' AS kind, queue.name AS subject, running.capacity, NULL::float8 AS seconds,
       running.capacity = queue.concurrency AS is_idle
FROM {conduit_queues} AS queue
CROSS JOIN LATERAL (
  SELECT CASE WHEN queue.paused_at IS NULL THEN queue.concurrency - {weighed} ELSE 0 END AS capacity
  FROM (
    SELECT job.weight FROM {jobs} AS job
    WHERE job.status = 'running' AND job.queue = queue.name
    LIMIT queue.concurrency
  ) AS job
) AS running
WHERE queue.name = ANY (%(queues)s::text[]) AND queue.concurrency IS NOT NULL
UNION ALL
SELECT 'type', limits.type, running.capacity, NULL, running.capacity = limits.concurrency
FROM {conduit_type_limits} AS limits
CROSS JOIN LATERAL (
  SELECT limits.concurrency - {weighed} AS capacity
  FROM (
    SELECT job.weight FROM {jobs} AS job
    WHERE job.status = 'running' AND job.type = limits.type
    LIMIT limits.concurrency
  ) AS job
) AS running
WHERE limits.type = ANY (%(types)s::text[]) AND limits.concurrency IS NOT NULL
UNION ALL
SELECT 'keys', queue.name, NULL, NULL, NULL FROM {conduit_queues} AS queue
WHERE queue.name = ANY (%(queues)s::text[]) AND queue.key_concurrency IS NOT NULL
UNION ALL
SELECT 'fair', queue.name, NULL, NULL, NULL FROM {conduit_queues} AS queue
WHERE queue.name = ANY (%(queues)s::text[]) AND queue.fair
UNION ALL
SELECT 'keys', limits.type, limits.key_starts, limits.key_seconds, NULL FROM {conduit_type_limits} AS limits
WHERE limits.type = ANY (%(types)s::text[])
  AND {has_key_limit}
UNION ALL
SELECT 'rate', rate.type, rate.starts - recent.starts,
  extract(epoch FROM recent.first - pg_catalog.clock_timestamp())::float8 + {rate_window}, recent.starts = 0
FROM {conduit_type_limits} AS rate
CROSS JOIN LATERAL (
  SELECT coalesce(pg_catalog.sum(start.starts)::bigint, 0) AS starts, pg_catalog.min(start.until) AS first
  FROM {conduit_rate_usage} AS start
  WHERE start.type = rate.type
    -- A clock that was set back leaves starts in the future. They count when the clock reaches them.
    AND start.until > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {rate_window})
    AND start.until < pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => {rate_window})
) AS recent
WHERE rate.type = ANY (%(types)s::text[]) AND rate.starts IS NOT NULL
