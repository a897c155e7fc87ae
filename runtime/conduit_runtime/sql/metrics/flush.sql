-- Adds to the rows of the current minute. A fixed order prevents deadlocks between workers.
INSERT INTO {conduit_metrics} AS kept
  (starts_at, seconds, queue, type, succeeded, failed, retried, discarded, snoozed, cancelled,
   duration, wait, durations, waits)
SELECT
  pg_catalog.date_bin('1 minute', pg_catalog.now(), '2000-01-01 00:00Z'), 60, queue, type,
  succeeded, failed, retried, discarded, snoozed, cancelled, duration, wait, durations::bigint[], waits::bigint[]
FROM unnest(
  %(queues)s::text[], %(types)s::text[], %(succeeded)s::bigint[], %(failed)s::bigint[],
  %(retried)s::bigint[], %(discarded)s::bigint[], %(snoozed)s::bigint[], %(cancelled)s::bigint[],
  %(duration)s::float8[], %(wait)s::float8[], %(durations)s::text[], %(waits)s::text[]
) AS added
  (queue, type, succeeded, failed, retried, discarded, snoozed, cancelled, duration, wait,
   durations, waits)
ORDER BY queue, type
{add_metrics}
