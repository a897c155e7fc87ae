-- Minutes that are some hours old become rows of whole hours, and old hours go; a page at a time.
WITH old AS (
  DELETE FROM {conduit_metrics}
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {conduit_metrics}
    WHERE seconds = 60
      AND starts_at < date_bin('1 hour', now() - make_interval(secs => %(minutes_for)s::float8),
                               '2000-01-01 00:00Z')
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
  ) || ARRAY(
    SELECT ctid FROM {conduit_metrics}
    WHERE seconds = 3600
      AND starts_at < now() - make_interval(secs => %(hours_for)s::float8)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING *
), hours AS (
  INSERT INTO {conduit_metrics} AS kept
    (starts_at, seconds, queue, type, succeeded, failed, retried, discarded, snoozed, cancelled,
     duration, wait, durations, waits)
  SELECT
    date_bin('1 hour', starts_at, '2000-01-01 00:00Z') AS hour, 3600, queue, type,
    sum(succeeded), sum(failed), sum(retried), sum(discarded), sum(snoozed), sum(cancelled),
    sum(duration), sum(wait), {conduit_total}(durations), {conduit_total}(waits)
  FROM old
  WHERE seconds = 60 AND starts_at >= now() - make_interval(secs => %(hours_for)s::float8)
  GROUP BY hour, queue, type
  ORDER BY hour, queue, type
  {add}
)
SELECT count(*) FROM old
