SELECT name, CASE WHEN value IS NULL THEN 'signal' ELSE 'sleep' END, started_at, ended_at
FROM {conduit_steps} AS step
WHERE job = %(id)s AND (value IS NULL OR ended_at > pg_catalog.now())
  AND EXISTS (SELECT FROM {jobs} AS job WHERE job.id = step.job AND job.status IN ('pending', 'running'))
ORDER BY ended_at, name
