-- Whoever deletes the row tells of the job. One of another queue is told of when the workers of its
-- own have left it for a minute; one that was retried meanwhile has not ended.
WITH mine AS (
  DELETE FROM {conduit_failure_notices}
  WHERE job = ANY (ARRAY(
    SELECT job FROM {conduit_failure_notices}
    WHERE queue = ANY (%(queues)s::text[]) OR since < pg_catalog.now() - interval '1 minute'
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
  ))
  RETURNING job
)
SELECT job.id, job.queue, type, status, attempts, max_attempts, error, payload::text
FROM mine JOIN {jobs} AS job ON job.id = mine.job
WHERE status = 'failed'
