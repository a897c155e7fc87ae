-- Skips the ticks that passed while the schedule was disabled.
UPDATE {conduit_schedules}
SET enabled = true,
    next_run_at = CASE
      WHEN enabled OR next_run_at > pg_catalog.clock_timestamp() THEN next_run_at
      ELSE %(next)s::timestamptz
    END,
    failures = 0, error = NULL, retry_at = NULL
WHERE name = %(name)s
