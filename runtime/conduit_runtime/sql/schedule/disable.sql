UPDATE {conduit_schedules} SET enabled = false WHERE name = %(name)s
