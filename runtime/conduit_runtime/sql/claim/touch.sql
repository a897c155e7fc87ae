UPDATE {jobs} SET leased_until = pg_catalog.now() + pg_catalog.make_interval(secs => %(lease)s)
WHERE id = %(id)s AND token = %(token)s AND coalesce(status = 'running', false)
