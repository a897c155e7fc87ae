-- Counts starts of these types in steps of a hundredth of the period. Each row is named by its end.
WITH started AS (
  SELECT rate.type, starts.count, {rate_step} AS until,
         pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {rate_window}) AS oldest
  FROM unnest(%(types)s::text[], %(counts)s::bigint[]) AS starts (type, count)
  JOIN {conduit_type_limits} AS rate ON rate.type = starts.type
), forgotten AS (
  DELETE FROM {conduit_rate_usage} AS start USING started
  WHERE start.type = started.type AND start.until < started.oldest
)
INSERT INTO {conduit_rate_usage} AS start (type, until, starts)
SELECT type, until, count FROM started
ON CONFLICT (type, until) DO UPDATE SET starts = start.starts + excluded.starts
