-- The starts of this key that count against the rate of its type.
SELECT coalesce(pg_catalog.sum(start.starts)::bigint, 0) AS starts FROM {conduit_key_usage} AS start
WHERE limits.key_starts IS NOT NULL AND start.type = its.type AND start.key = its.key
  -- A clock that was set back leaves starts in the future. They count when the clock reaches them.
  AND start.until > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {key_window})
  AND start.until < pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => {key_window})
