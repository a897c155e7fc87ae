-- From the beginning of a minute, or of an hour where minutes are no longer kept; and the seconds
-- since then.
WITH since AS (
  SELECT date_bin(
    CASE WHEN %(span)s <= %(minutes_for)s THEN interval '1 minute' ELSE interval '1 hour' END,
    now() - make_interval(secs => %(span)s::float8), '2000-01-01 00:00Z') AS starts_at
)
SELECT
  queue, type, extract(epoch FROM now() - min(since.starts_at))::float8,
  sum(succeeded)::bigint, sum(failed)::bigint, sum(retried)::bigint, sum(discarded)::bigint,
  sum(snoozed)::bigint, sum(cancelled)::bigint, sum(duration), sum(wait),
  {conduit_total}(durations), {conduit_total}(waits)
FROM {conduit_metrics} AS kept JOIN since ON kept.starts_at >= since.starts_at
WHERE seconds IN (60, 3600)
  AND (%(queue)s::text IS NULL OR queue = %(queue)s)
  AND (%(type)s::text IS NULL OR type = %(type)s)
GROUP BY queue, type
ORDER BY queue, type
