SELECT {columns}, pg_catalog.clock_timestamp() FROM {conduit_schedules}
WHERE %(name)s::text IS NULL OR name = %(name)s
ORDER BY name
