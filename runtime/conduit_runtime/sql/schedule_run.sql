INSERT INTO {jobs} AS job (queue, type, payload, priority, max_attempts, timeout)
SELECT queue, type, payload, priority, max_attempts, timeout
FROM {conduit_schedules} WHERE name = %(name)s
RETURNING {columns}
