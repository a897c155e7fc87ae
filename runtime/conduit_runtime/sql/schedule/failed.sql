-- Counts one failure of a tick, for any number of schedulers that saw it.
UPDATE {conduit_schedules}
SET failures = failures + 1,
    error = %(error)s,
    retry_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => %(delay)s::float8)
WHERE name = (
  SELECT name FROM {conduit_schedules}
  WHERE name = %(name)s AND next_run_at = %(tick)s AND failures = %(failures)s
  FOR UPDATE SKIP LOCKED
)
