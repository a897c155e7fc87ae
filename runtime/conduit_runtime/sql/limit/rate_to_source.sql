UPDATE {conduit_type_limits} SET {prefix}rate_from = NULL WHERE type = %(type)s
