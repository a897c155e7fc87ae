UPDATE {conduit_audit}
SET finished_at = pg_catalog.now(),
    state = CASE WHEN state = 'stopping' THEN 'stopped' ELSE %(state)s::text END
WHERE id = %(id)s::bigint AND state IN ('running', 'stopping')
