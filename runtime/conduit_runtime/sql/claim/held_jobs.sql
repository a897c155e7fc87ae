SELECT id, token FROM {jobs} WHERE locked_by = %(worker)s AND status = 'running'
