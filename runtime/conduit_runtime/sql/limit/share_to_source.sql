UPDATE {conduit_queues} SET fair = NULL, fair_from = NULL WHERE name = %(queue)s
