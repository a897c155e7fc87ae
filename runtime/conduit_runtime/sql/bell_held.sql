SELECT NOT pg_try_advisory_xact_lock_shared(
  ('{jobs}'::regclass::oid::bigint - 2147483648)::integer, hashtext(queue))
FROM unnest(%(queues)s::text[]) AS queue
