UPDATE {conduit_audit} SET state = 'interrupted', finished_at = pg_catalog.now()
WHERE id = %(id)s::bigint AND action = %(action)s::text AND state IN ('running', 'stopping')
  AND seen_at < pg_catalog.now() - interval '2 minutes'
