-- Sums from the start of the first minute, hour or day of the period, whichever is still stored,
-- and the seconds since then.
WITH since AS (
  SELECT pg_catalog.date_bin(
    pg_catalog.make_interval(secs => %(bin)s),
    pg_catalog.now() - pg_catalog.make_interval(secs => %(period)s::float8),
    '2000-01-01 00:00Z'
  ) AS starts_at
)
SELECT
  queue, type, extract(epoch FROM pg_catalog.now() - pg_catalog.min(since.starts_at))::float8,
  pg_catalog.sum(succeeded)::bigint, pg_catalog.sum(failed)::bigint,
  pg_catalog.sum(retried)::bigint, pg_catalog.sum(discarded)::bigint,
  pg_catalog.sum(snoozed)::bigint, pg_catalog.sum(cancelled)::bigint,
  pg_catalog.sum(expired)::bigint,
  pg_catalog.sum(duration), pg_catalog.sum(wait),
  {durations}, {waits}
FROM {conduit_metrics} AS kept JOIN since ON kept.starts_at >= since.starts_at
WHERE seconds IN (60, 3600, 86400)
  AND (%(queue)s::text IS NULL OR queue = %(queue)s)
  AND (%(type)s::text IS NULL OR type = %(type)s)
GROUP BY queue, type
ORDER BY queue, type
