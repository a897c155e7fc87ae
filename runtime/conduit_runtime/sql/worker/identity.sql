SELECT pg_catalog.current_database()::pg_catalog.text,
       pg_catalog.min(EXTRACT(EPOCH FROM applied_at))::pg_catalog.text
FROM {conduit_migrations}
