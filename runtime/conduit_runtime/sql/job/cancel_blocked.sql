WITH page AS MATERIALIZED (
  SELECT id FROM {conduit_blocked_jobs}
  WHERE (%(queue)s::text IS NULL OR queue = %(queue)s)
    AND (%(type)s::text IS NULL OR type = %(type)s)
    AND (%(key)s::text IS NULL OR key = %(key)s)
    AND error IS NULL
    AND created_at <= %(until)s::timestamptz
    AND (%(age)s::float8 IS NULL
      OR created_at < %(until)s::timestamptz - pg_catalog.make_interval(secs => %(age)s::float8))
  ORDER BY id
  LIMIT %(limit)s
  FOR UPDATE
), dropped AS MATERIALIZED (
  SELECT {conduit_advance}('{}'::uuid[], pg_catalog.array_agg(id), 2000, false) FROM page
  HAVING pg_catalog.count(*) > 0
)
SELECT (SELECT pg_catalog.count(*) FROM page), (SELECT pg_catalog.count(*) FROM dropped)
