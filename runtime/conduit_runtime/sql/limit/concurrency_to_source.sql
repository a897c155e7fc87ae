UPDATE {conduit_type_limits} SET concurrency_from = NULL WHERE type = %(type)s
