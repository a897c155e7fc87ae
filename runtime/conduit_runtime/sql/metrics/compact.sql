WITH old AS (
  DELETE FROM {conduit_metrics}
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {conduit_metrics}
    WHERE seconds = %(short)s
      AND starts_at < pg_catalog.date_bin(
        pg_catalog.make_interval(secs => %(long)s),
        pg_catalog.now() - pg_catalog.make_interval(secs => %(kept_for)s::float8),
        '2000-01-01 00:00Z'
      )
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING *
), longer AS (
  INSERT INTO {conduit_metrics} AS kept
    (starts_at, seconds, queue, type, succeeded, failed, retried, discarded, snoozed, cancelled,
     expired, duration, wait, durations, waits)
  SELECT
    pg_catalog.date_bin(
      pg_catalog.make_interval(secs => %(long)s), starts_at, '2000-01-01 00:00Z') AS start,
    %(long)s, queue, type,
    pg_catalog.sum(succeeded), pg_catalog.sum(failed), pg_catalog.sum(retried),
    pg_catalog.sum(discarded), pg_catalog.sum(snoozed), pg_catalog.sum(cancelled),
    pg_catalog.sum(expired), pg_catalog.sum(duration), pg_catalog.sum(wait),
    {durations}, {waits}
  FROM old
  GROUP BY start, queue, type
  ORDER BY start, queue, type
  {add_metrics}
)
SELECT pg_catalog.count(*) FROM old
