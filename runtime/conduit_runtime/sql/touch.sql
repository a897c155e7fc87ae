UPDATE {jobs} SET leased_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(id)s AND token = %(token)s AND coalesce(status = 'running', false)
