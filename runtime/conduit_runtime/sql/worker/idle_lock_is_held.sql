SELECT queue, NOT pg_catalog.pg_try_advisory_xact_lock_shared({idle_key})
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
