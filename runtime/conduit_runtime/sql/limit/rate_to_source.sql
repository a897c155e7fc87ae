UPDATE {conduit_type_limits} SET rate_from = NULL WHERE type = %(type)s
