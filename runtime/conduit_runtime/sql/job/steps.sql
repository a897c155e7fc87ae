SELECT name, value::text, attempt, started_at, ended_at FROM {conduit_steps}
WHERE job = %(id)s AND value IS NOT NULL AND ended_at <= pg_catalog.now()
ORDER BY ended_at, started_at, name
