SELECT {columns} FROM {jobs}
WHERE (%(queue)s::text IS NULL OR queue = %(queue)s)
  AND (%(status)s::text[] IS NULL OR status = ANY (%(status)s::text[]))
  AND (%(type)s::text IS NULL OR type = %(type)s)
  AND (%(key)s::text IS NULL OR key = %(key)s)
  AND (%(age)s::float8 IS NULL
    OR created_at < pg_catalog.now() - pg_catalog.make_interval(secs => %(age)s::float8))
ORDER BY id DESC
LIMIT %(limit)s
