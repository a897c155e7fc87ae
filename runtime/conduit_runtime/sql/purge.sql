DELETE FROM {jobs}
WHERE id = ANY (ARRAY(
  SELECT id FROM {jobs}
  WHERE status = ANY (%(status)s::text[])
    AND status IN ('completed', 'failed', 'cancelled')
    AND coalesce(completed_at, created_at) < now() - make_interval(secs => %(age)s::float8)
    AND (%(queue)s::text IS NULL OR queue = %(queue)s)
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
))
