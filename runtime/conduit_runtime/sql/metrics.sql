-- From the beginning of the minute, hour or day that the span begins in, as long as they are kept
-- apart; and the seconds since then.
WITH since AS (
  SELECT date_bin(make_interval(secs => %(bin)s), now() - make_interval(secs => %(span)s::float8),
                  '2000-01-01 00:00Z') AS starts_at
)
SELECT
  queue, type, extract(epoch FROM now() - min(since.starts_at))::float8,
  sum(succeeded)::bigint, sum(failed)::bigint, sum(retried)::bigint, sum(discarded)::bigint,
  sum(snoozed)::bigint, sum(cancelled)::bigint, sum(duration), sum(wait),
  {durations}, {waits}
FROM {conduit_metrics} AS kept JOIN since ON kept.starts_at >= since.starts_at
WHERE seconds IN (60, 3600, 86400)
  AND (%(queue)s::text IS NULL OR queue = %(queue)s)
  AND (%(type)s::text IS NULL OR type = %(type)s)
GROUP BY queue, type
ORDER BY queue, type
