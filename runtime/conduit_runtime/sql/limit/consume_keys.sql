-- consume.sql by key. Starts that no longer count are deleted, a page at a time.
WITH forgotten AS (
  DELETE FROM {conduit_key_usage} WHERE ctid = ANY (ARRAY(
    SELECT old.ctid FROM {conduit_key_usage} AS old WHERE old.kept_until < pg_catalog.clock_timestamp()
    ORDER BY old.kept_until LIMIT 2000 FOR UPDATE SKIP LOCKED
  ))
)
INSERT INTO {conduit_key_usage} AS start (type, key, until, starts, kept_until)
SELECT limits.type, starts.key, step.until, starts.count,
       step.until + pg_catalog.make_interval(secs => {key_window})
FROM unnest(%(types)s::text[], %(keys)s::text[], %(counts)s::bigint[]) AS starts (type, key, count)
JOIN {conduit_type_limits} AS limits ON limits.type = starts.type
CROSS JOIN LATERAL (
  SELECT {key_step} AS until
  OFFSET 0
) AS step
ON CONFLICT (type, key, until) DO UPDATE SET starts = start.starts + excluded.starts
