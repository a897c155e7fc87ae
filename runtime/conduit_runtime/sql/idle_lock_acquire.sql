SELECT queue, pg_catalog.pg_try_advisory_lock(
  ('{jobs}'::regclass::oid::bigint - 2147483648)::integer, pg_catalog.hashtext(queue))
FROM pg_catalog.unnest(%(queues)s::text[]) AS queue
