-- Attempts of a period by type, and the jobs that run now.
WITH since AS (
  SELECT pg_catalog.date_bin(
    pg_catalog.make_interval(secs => %(bin)s),
    pg_catalog.now() - pg_catalog.make_interval(secs => %(period)s::float8),
    '2000-01-01 00:00Z'
  ) AS starts_at
), ended AS (
  SELECT type, pg_catalog.sum(succeeded)::bigint AS succeeded,
         pg_catalog.sum(failed)::bigint AS failed, pg_catalog.sum(duration) AS duration,
         {durations} AS durations
  FROM {conduit_metrics} AS kept JOIN since ON kept.starts_at >= since.starts_at
  WHERE seconds IN (60, 3600, 86400) AND (%(type)s::text IS NULL OR type = %(type)s)
  GROUP BY type
), running AS (
  SELECT type, pg_catalog.count(*) AS count FROM {jobs}
  WHERE status = 'running' AND (%(type)s::text IS NULL OR type = %(type)s)
  GROUP BY type
)
SELECT type, coalesce(running.count, 0), coalesce(succeeded, 0), coalesce(failed, 0),
       coalesce(duration, 0)::float8, coalesce(durations, ARRAY[]::bigint[])
FROM ended FULL JOIN running USING (type)
ORDER BY type
