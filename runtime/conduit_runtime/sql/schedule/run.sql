INSERT INTO {jobs} AS job (queue, type, payload, priority, max_attempts, timeout, schedule{headers})
SELECT queue, type, payload, priority, max_attempts, timeout, name{headers_value}
FROM {conduit_schedules} WHERE name = %(name)s
RETURNING {columns}
