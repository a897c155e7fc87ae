SELECT pg_advisory_unlock(
         ('{jobs}'::regclass::oid::bigint - 2147483648)::integer, hashtext(queue)),
       pg_notify(concat('conduit_', '{jobs}'::regclass::oid, '_', hashtext(queue)), '')
FROM unnest(%(queues)s::text[]) AS queue
