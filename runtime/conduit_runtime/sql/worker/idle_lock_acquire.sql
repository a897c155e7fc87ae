SELECT queue, pg_catalog.pg_try_advisory_lock({idle_key})
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
