SELECT pg_catalog.pg_advisory_unlock({idle_key}),
       pg_catalog.pg_notify({queue_channel}, %(payload)s::text)
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
