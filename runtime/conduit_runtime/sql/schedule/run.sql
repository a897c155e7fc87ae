INSERT INTO {jobs} AS job (queue, type, payload, priority, max_attempts, timeout, schedule{trace})
SELECT queue, type, payload, priority, max_attempts, timeout, name{trace_value}
FROM {conduit_schedules} WHERE name = %(name)s
RETURNING {columns}
