-- What is old enough becomes rows of longer times, a page of it.
WITH old AS (
  DELETE FROM {conduit_metrics}
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {conduit_metrics}
    WHERE seconds = %(short)s
      AND starts_at < date_bin(make_interval(secs => %(long)s),
                               now() - make_interval(secs => %(kept_for)s::float8),
                               '2000-01-01 00:00Z')
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING *
), longer AS (
  INSERT INTO {conduit_metrics} AS kept
    (starts_at, seconds, queue, type, succeeded, failed, retried, discarded, snoozed, cancelled,
     duration, wait, durations, waits)
  SELECT
    date_bin(make_interval(secs => %(long)s), starts_at, '2000-01-01 00:00Z') AS start, %(long)s,
    queue, type,
    sum(succeeded), sum(failed), sum(retried), sum(discarded), sum(snoozed), sum(cancelled),
    sum(duration), sum(wait), {conduit_sum_histograms}(durations), {conduit_sum_histograms}(waits)
  FROM old
  GROUP BY start, queue, type
  ORDER BY start, queue, type
  {add}
)
SELECT count(*) FROM old
