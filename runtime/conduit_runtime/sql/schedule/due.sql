SELECT {columns}, pg_catalog.clock_timestamp() FROM {conduit_schedules}
WHERE enabled AND greatest(next_run_at, retry_at) <= pg_catalog.clock_timestamp()
