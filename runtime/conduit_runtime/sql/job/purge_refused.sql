DELETE FROM {conduit_blocked_jobs}
WHERE error IS NOT NULL
  AND (%(queue)s::text IS NULL OR queue = %(queue)s)
  AND created_at < pg_catalog.now() - pg_catalog.make_interval(secs => %(age)s::float8)
