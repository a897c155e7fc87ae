SELECT name, value::text, attempt, started_at, ended_at FROM {conduit_steps}
WHERE job = %(id)s
ORDER BY ended_at, started_at, name
