SELECT concat('conduit_', '{jobs}'::regclass::oid, '_', hashtext(queue))
FROM unnest(%(queues)s::text[]) AS queue
UNION ALL
SELECT concat('conduit_', '{jobs}'::regclass::oid)
