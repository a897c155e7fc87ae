-- The outcomes of attempts, a row for each part of the period, also for parts without attempts. The
-- last part is the present one.
WITH part AS MATERIALIZED (
  SELECT pg_catalog.generate_series(
    greatest(
      %(since)s::timestamptz,
      pg_catalog.date_bin(
        pg_catalog.make_interval(secs => %(step)s),
        pg_catalog.now() - pg_catalog.make_interval(secs => %(period)s::float8),
        '2000-01-01 00:00Z')),
    pg_catalog.now(),
    pg_catalog.make_interval(secs => %(step)s)
  ) AS since
), counted AS MATERIALIZED (
  SELECT pg_catalog.date_bin(
           pg_catalog.make_interval(secs => %(step)s), starts_at, '2000-01-01 00:00Z') AS since,
         pg_catalog.sum(succeeded)::bigint AS succeeded, pg_catalog.sum(failed)::bigint AS failed,
         {durations} AS durations, {waits} AS waits
  FROM {conduit_metrics}
  WHERE seconds IN (60, 3600, 86400) AND starts_at >= (SELECT pg_catalog.min(part.since) FROM part)
    AND (%(queue)s::text IS NULL OR queue = %(queue)s)
    AND (%(type)s::text IS NULL OR type = %(type)s)
  GROUP BY 1
)
SELECT since, coalesce(succeeded, 0), coalesce(failed, 0), coalesce(durations, '{}'),
       coalesce(waits, '{}')
FROM part LEFT JOIN counted USING (since)
ORDER BY since
