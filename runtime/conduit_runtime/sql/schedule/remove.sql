DELETE FROM {conduit_schedules} WHERE name = %(name)s
