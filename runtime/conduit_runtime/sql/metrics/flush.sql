-- Adds to the rows of the current minute. A fixed order prevents deadlocks between workers.
INSERT INTO {conduit_metrics} AS kept
  (starts_at, seconds, queue, type, succeeded, failed, retried, discarded, snoozed, cancelled,
   expired, duration, wait, durations, waits)
SELECT
  pg_catalog.date_bin('1 minute', pg_catalog.now(), '2000-01-01 00:00Z'), 60, queue, type,
  succeeded, failed, retried, discarded, snoozed, cancelled, expired, duration, wait, durations,
  waits
FROM pg_catalog.jsonb_to_recordset(%(added)s::jsonb) AS added
  (queue text, type text, succeeded bigint, failed bigint, retried bigint, discarded bigint,
   snoozed bigint, cancelled bigint, expired bigint, duration float8, wait float8,
   durations bigint[], waits bigint[])
ORDER BY queue, type
{add_metrics}
