SELECT type, concurrency, concurrency_from, starts, seconds, rate_from, key_concurrency, key_concurrency_from,
       key_starts, key_seconds, key_rate_from, key_order
FROM {conduit_type_limits}
ORDER BY type
