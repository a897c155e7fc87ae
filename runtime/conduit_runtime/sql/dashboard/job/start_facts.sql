-- Each job with the facts that decide whether it starts: its queue, limits, and live workers.
WITH wanted AS MATERIALIZED (
  SELECT id, status, queue, type, fingerprint, attempts, max_attempts, run_at, error, locked_by,
         0 AS waits_for, {is_refused} AS is_refused, coalesce({is_parked}, false) AS is_parked
  FROM {jobs} AS job WHERE id = ANY (%(ids)s::uuid[])
  UNION ALL
  SELECT id, CASE WHEN error IS NULL THEN 'blocked' ELSE 'failed' END, queue, type, fingerprint, 0,
         max_attempts, run_at, error, NULL, waits_for, false, false
  FROM {conduit_blocked_jobs} WHERE id = ANY (%(ids)s::uuid[])
), running AS MATERIALIZED (
  SELECT queue, type, pg_catalog.count(*) AS count FROM {jobs} WHERE status = 'running' GROUP BY queue, type
), live AS MATERIALIZED (
  SELECT queues, lanes FROM {conduit_workers}
  WHERE seen_at > pg_catalog.now() - pg_catalog.make_interval(secs => %(lease)s::float8)
)
SELECT id, status, job.queue, job.type, attempts, max_attempts,
       CASE WHEN pg_catalog.isfinite(run_at) THEN least(greatest(run_at, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END,
       pg_catalog.now(),
       error, locked_by, waits_for, {is_unreadable}, is_refused,
       control.paused_at IS NOT NULL, workers.serving, workers.knowing,
       (SELECT coalesce(pg_catalog.sum(running.count), 0) FROM running WHERE running.queue = job.queue)::integer,
       control.concurrency,
       (SELECT coalesce(pg_catalog.sum(running.count), 0) FROM running WHERE running.type = job.type)::integer,
       limits.concurrency, limits.starts IS NOT NULL, is_parked
FROM wanted AS job
LEFT JOIN {conduit_queues} AS control ON control.name = job.queue
LEFT JOIN {conduit_type_limits} AS limits ON limits.type = job.type
CROSS JOIN LATERAL (
  SELECT pg_catalog.count(*)::integer AS serving, pg_catalog.count(*) FILTER (WHERE EXISTS (
    SELECT FROM pg_catalog.jsonb_array_elements(live.lanes) AS handled (lane)
    WHERE (handled.lane ->> 0) = job.type
  ))::integer AS knowing
  FROM live WHERE job.queue = ANY (live.queues)
) AS workers
