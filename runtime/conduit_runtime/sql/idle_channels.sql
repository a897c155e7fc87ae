SELECT pg_catalog.concat('conduit_', '{jobs}'::regclass::oid, '_', pg_catalog.hashtext(queue))
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
UNION ALL
SELECT pg_catalog.concat('conduit_', '{jobs}'::regclass::oid)
