DELETE FROM {conduit_failure_notices}
WHERE job = ANY (ARRAY(
  SELECT job FROM {conduit_failure_notices}
  WHERE since < pg_catalog.now() - interval '1 day'
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
))
