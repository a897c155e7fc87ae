SELECT {queue_channel}
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
UNION ALL
SELECT {control_channel}
