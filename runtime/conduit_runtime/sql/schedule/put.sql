-- Inserts or updates a schedule. A due tick stays due. A future tick stays unless the timing
-- changed. A schedule that an operator disabled stays disabled.
INSERT INTO {conduit_schedules} AS schedule (
  name, queue, type, payload, priority, max_attempts, timeout, every, cron, timezone, missed,
  enabled, next_run_at
)
VALUES (
  %(name)s, %(queue)s, %(type)s, %(payload)s::jsonb, %(priority)s, %(max_attempts)s,
  %(timeout)s::float8, %(every)s::bigint, %(cron)s, %(timezone)s, %(missed)s,
  %(enabled)s, %(next)s::timestamptz
)
ON CONFLICT (name) DO UPDATE SET
  queue = excluded.queue,
  type = excluded.type,
  payload = excluded.payload,
  priority = excluded.priority,
  max_attempts = excluded.max_attempts,
  timeout = excluded.timeout,
  every = excluded.every,
  cron = excluded.cron,
  timezone = excluded.timezone,
  missed = excluded.missed,
  next_run_at = CASE
    WHEN schedule.enabled AND schedule.next_run_at <= pg_catalog.clock_timestamp() THEN schedule.next_run_at
    WHEN (schedule.every, schedule.cron, schedule.timezone)
         IS NOT DISTINCT FROM (excluded.every, excluded.cron, excluded.timezone)
      THEN schedule.next_run_at
    WHEN schedule.every IS NOT NULL AND excluded.every IS NOT NULL
      THEN greatest(
        pg_catalog.clock_timestamp(),
        schedule.next_run_at + pg_catalog.make_interval(secs => excluded.every - schedule.every)
      )
    ELSE excluded.next_run_at
  END,
  failures = 0,
  error = NULL,
  retry_at = NULL
RETURNING {columns}, pg_catalog.clock_timestamp()
