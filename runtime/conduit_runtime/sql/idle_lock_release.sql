SELECT pg_catalog.pg_advisory_unlock(
         ('{jobs}'::regclass::oid::bigint - 2147483648)::integer, pg_catalog.hashtext(queue)),
       pg_catalog.pg_notify(
         pg_catalog.concat('conduit_', '{jobs}'::regclass::oid, '_', pg_catalog.hashtext(queue)), '')
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
