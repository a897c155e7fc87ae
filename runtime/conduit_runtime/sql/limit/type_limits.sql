SELECT type, concurrency, concurrency_from, starts, seconds, rate_from
FROM {conduit_type_limits}
ORDER BY type
