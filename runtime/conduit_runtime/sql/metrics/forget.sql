DELETE FROM {conduit_metrics}
WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM {conduit_metrics}
  WHERE seconds = %(long)s
    AND starts_at < pg_catalog.now() - pg_catalog.make_interval(secs => %(kept_for)s::float8)
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
))
