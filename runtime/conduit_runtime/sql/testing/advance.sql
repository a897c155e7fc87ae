-- Moves every stored time into the past, for tests, so that jobs that are due later become due now.
-- The rows of the rates are written anew, since their times are keys.
WITH moved AS (
  SELECT pg_catalog.make_interval(secs => %(seconds)s::float8) AS duration
), ordinary AS (
  UPDATE {jobs} SET
    created_at = created_at - duration, run_at = run_at - duration,
    started_at = started_at - duration, completed_at = completed_at - duration,
    locked_at = locked_at - duration, leased_until = leased_until - duration
  FROM moved
), blocked AS (
  UPDATE {conduit_blocked_jobs} SET created_at = created_at - duration, run_at = run_at - duration
  FROM moved
), schedules AS (
  UPDATE {conduit_schedules} SET
    next_run_at = next_run_at - duration, last_run_at = last_run_at - duration,
    retry_at = retry_at - duration
  FROM moved
), unique_keys AS (
  UPDATE {conduit_unique_keys} SET expires_at = expires_at - duration FROM moved
), results AS (
  UPDATE {conduit_results} SET expires_at = expires_at - duration FROM moved
), steps AS (
  UPDATE {conduit_steps} SET started_at = started_at - duration, ended_at = ended_at - duration
  FROM moved
), starts AS (
  DELETE FROM {conduit_rate_usage} RETURNING type, until, starts
), starts_of_keys AS (
  DELETE FROM {conduit_key_usage} RETURNING type, key, until, starts, kept_until
), moved_of_keys AS (
  INSERT INTO {conduit_key_usage} (type, key, until, starts, kept_until)
  SELECT type, key, until - duration, starts, kept_until - duration FROM starts_of_keys CROSS JOIN moved
  ORDER BY type, key, until
)
INSERT INTO {conduit_rate_usage} (type, until, starts)
SELECT type, until - duration, starts FROM starts CROSS JOIN moved ORDER BY until
