SELECT type, starts, seconds FROM {conduit_rates} ORDER BY type
