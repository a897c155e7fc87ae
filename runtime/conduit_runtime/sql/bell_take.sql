SELECT queue, pg_try_advisory_lock(
  ('{jobs}'::regclass::oid::bigint - 2147483648)::integer, hashtext(queue))
FROM unnest(%(queues)s::text[]) AS queue
