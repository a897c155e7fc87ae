-- The last steps of a job, in the order of their ends, newest first: before them what it still waits for.
-- A job that has ended waits for nothing, nor does one that has got the signal.
SELECT name, attempt, started_at, ended_at, {value},
       CASE WHEN value IS NULL THEN 'signal' WHEN ended_at > pg_catalog.now() THEN 'sleep' END{further}
FROM {conduit_steps} AS step
WHERE job = %(id)s::uuid AND (
  value IS NOT NULL AND ended_at <= pg_catalog.now()
  OR EXISTS (SELECT FROM {jobs} AS job WHERE job.id = step.job AND job.status IN ('pending', 'running'))
    AND NOT EXISTS (
      SELECT FROM {conduit_signals} AS signal
      WHERE signal.job = step.job AND signal.name = step.name AND step.value IS NULL))
ORDER BY value IS NULL OR ended_at > pg_catalog.now() DESC, ended_at DESC, started_at DESC, name DESC
LIMIT %(limit)s::bigint
