-- Ticks that passed while it was disabled are not made up for.
UPDATE {conduit_schedules}
SET enabled = true,
    next_run_at = CASE
      WHEN enabled OR next_run_at > pg_catalog.clock_timestamp() THEN next_run_at
      ELSE %(next)s::timestamptz
    END,
    failures = 0, error = NULL, retry_at = NULL
WHERE name = %(name)s
