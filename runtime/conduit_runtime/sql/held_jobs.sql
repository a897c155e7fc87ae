SELECT id, token FROM {jobs}
WHERE locked_by = %(worker)s AND status = 'running'
  AND locked_at < pg_catalog.now() - interval '10 seconds'
