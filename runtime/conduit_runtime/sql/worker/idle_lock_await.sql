SELECT pg_catalog.pg_advisory_lock({idle_key})
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
WHERE pg_catalog.set_config('lock_timeout', %(patience)s, true) IS NOT NULL
