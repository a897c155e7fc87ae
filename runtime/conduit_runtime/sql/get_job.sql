SELECT {columns}, (
  SELECT value::text FROM {conduit_results}
  WHERE job = jobs.id AND jobs.status = 'completed' AND expires_at > now()
)
FROM {jobs} AS jobs
WHERE id = %(id)s
