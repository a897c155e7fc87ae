-- How many more jobs of a type with this key may start now; NULL: any number.
SELECT least(
  limits.key_concurrency - (
    SELECT pg_catalog.count(*) FROM (
      SELECT FROM {jobs} AS job
      WHERE job.status = 'running' AND job.key = {its}.key AND job.type = {its}.type
      LIMIT limits.key_concurrency
    ) AS running
  ),
  limits.key_starts - (
    SELECT coalesce(pg_catalog.sum(start.starts), 0) FROM {conduit_key_usage} AS start
    WHERE limits.key_starts IS NOT NULL AND start.type = {its}.type AND start.key = {its}.key
      -- A clock that was set back leaves starts in the future. They count when the clock reaches them.
      AND start.until > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => {key_window})
      AND start.until < pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => {key_window})
  )
) FROM {conduit_type_limits} AS limits WHERE limits.type = {its}.type
