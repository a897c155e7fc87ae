-- The jobs that hold the later ones of keys which run in order, while one of these has been due for long: those
-- that failed, and those whose attempts have begun and go on much later. Claims park what such a job holds.
WITH RECURSIVE failed AS (
  SELECT job.id, job.type, job.key, job.completed_at FROM {jobs} AS job
  WHERE job.status = 'failed' ORDER BY job.id DESC LIMIT %(most)s
), parked (key, type, place) AS (
  (SELECT job.key, job.type, 1 FROM {jobs} AS job WHERE {is_parked} ORDER BY job.key, job.type LIMIT 1)
  UNION ALL
  SELECT next.key, next.type, parked.place + 1
  FROM parked CROSS JOIN LATERAL (
    SELECT job.key, job.type FROM {jobs} AS job
    WHERE {is_parked} AND (job.key, job.type) > (parked.key, parked.type)
    ORDER BY job.key, job.type LIMIT 1
  ) AS next
  WHERE parked.place < %(most)s
), holding AS (
  SELECT failed.type, failed.key, failed.id, failed.completed_at AS since, NULL::timestamptz AS until
  FROM failed
  JOIN {conduit_type_limits} AS limits ON limits.type = failed.type AND limits.key_order = 'hold'
  UNION ALL
  SELECT its.type, its.key, begun.id, NULL, begun.run_at
  FROM parked AS its
  JOIN {conduit_type_limits} AS limits ON limits.type = its.type AND limits.key_order IS NOT NULL
  CROSS JOIN LATERAL (
    SELECT job.id, job.run_at FROM {jobs} AS job
    WHERE {in_order} = 'pending' AND {of_order} = 0
    ORDER BY {of_order}, job.seq LIMIT 1
  ) AS begun
  WHERE begun.run_at > pg_catalog.now() + pg_catalog.make_interval(secs => %(late)s)
)
SELECT holding.type, holding.key, holding.id::text,
       extract(epoch FROM pg_catalog.now() - holding.since)::float8 AS failed,
       extract(epoch FROM holding.until - pg_catalog.now())::float8 AS due
FROM holding
WHERE EXISTS (
  SELECT FROM {jobs} AS job
  WHERE job.key = holding.key AND job.type = holding.type AND job.status = 'pending'
    AND job.run_at < pg_catalog.now() - pg_catalog.make_interval(secs => %(late)s)
)
ORDER BY holding.type, holding.since, holding.until DESC
