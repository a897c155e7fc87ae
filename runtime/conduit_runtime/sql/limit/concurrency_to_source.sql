UPDATE {conduit_type_limits} SET {column}_from = NULL WHERE type = %(type)s
