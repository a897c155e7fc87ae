SELECT type, starts, seconds FROM {conduit_rate_limits} ORDER BY type
