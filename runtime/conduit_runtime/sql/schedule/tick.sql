-- Enqueues the jobs of these ticks and moves the schedules on, in one statement. Of the schedulers
-- that saw the same row, the first one locks it; the others find it locked or changed.
WITH due AS (
  SELECT name FROM {conduit_schedules}
  WHERE name = %(name)s AND enabled AND next_run_at = %(tick)s
    AND (every, cron, timezone)
        IS NOT DISTINCT FROM (%(every)s::bigint, %(cron)s::text, %(timezone)s::text)
  FOR UPDATE SKIP LOCKED
), advanced AS (
  UPDATE {conduit_schedules} AS schedule
  SET next_run_at = %(next)s,
      last_run_at = coalesce((%(ticks)s::timestamptz[])[%(count)s], last_run_at),
      last_job_id = coalesce((%(ids)s::uuid[])[%(count)s], last_job_id),
      failures = 0, error = NULL, retry_at = NULL
  FROM due
  WHERE schedule.name = due.name
  RETURNING schedule.*
), enqueued AS (
  INSERT INTO {jobs} (id, run_at, schedule, {of_the_job}{headers})
  SELECT tick.id, tick.run_at, name, {of_the_job}{headers_value}
  FROM advanced
  CROSS JOIN unnest(%(ids)s::uuid[], %(ticks)s::timestamptz[]) AS tick (id, run_at)
  ORDER BY tick.run_at
)
SELECT name FROM advanced
