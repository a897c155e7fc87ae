UPDATE {conduit_audit} SET count = count + %(changed)s::bigint, seen_at = pg_catalog.now()
WHERE id = %(id)s::bigint AND state = 'running'
