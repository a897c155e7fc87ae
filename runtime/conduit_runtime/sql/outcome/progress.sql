UPDATE {jobs} SET progress = %(progress)s::jsonb
WHERE id = %(id)s AND token = %(token)s AND coalesce(status = 'running', false)
