DELETE FROM {conduit_untold}
WHERE job = ANY (ARRAY(
  SELECT job FROM {conduit_untold}
  WHERE since < now() - interval '1 day'
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
))
