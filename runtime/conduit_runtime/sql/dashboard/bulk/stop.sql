UPDATE {conduit_audit} SET state = 'stopping'
WHERE id = %(id)s::bigint AND action = %(action)s::text AND state = 'running'
