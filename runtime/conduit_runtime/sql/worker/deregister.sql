DELETE FROM {conduit_workers} WHERE name = %(name)s
