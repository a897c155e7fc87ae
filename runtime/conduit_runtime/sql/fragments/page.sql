found AS MATERIALIZED (
  SELECT id FROM {jobs}
  WHERE id > %(after)s::uuid
    AND (%(queue)s::text IS NULL OR queue = %(queue)s)
    AND (%(type)s::text IS NULL OR type = %(type)s)
    AND (%(key)s::text IS NULL OR key = %(key)s)
    AND status = ANY (%(status)s::text[])
    AND created_at <= %(until)s::timestamptz
    AND (%(age)s::float8 IS NULL
      OR created_at < %(until)s::timestamptz - pg_catalog.make_interval(secs => %(age)s::float8))
  ORDER BY id
  LIMIT %(limit)s
), mine AS MATERIALIZED (
  SELECT id, status FROM {jobs}
  WHERE id = ANY (ARRAY(SELECT id FROM found)) AND status = ANY (%(status)s::text[])
  ORDER BY id
  FOR UPDATE {lock}
), {job/notified}
