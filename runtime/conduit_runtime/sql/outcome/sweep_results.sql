DELETE FROM {conduit_results}
WHERE job = ANY (ARRAY(
  SELECT job FROM {conduit_results}
  WHERE expires_at < pg_catalog.now()
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
))
