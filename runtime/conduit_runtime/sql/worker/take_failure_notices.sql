-- Takes over notices that no live worker holds: of these queues, and of all queues after a minute.
-- Deletes a notice if its job is no longer failed, because it was retried.
WITH found AS MATERIALIZED (
  SELECT notice.job FROM {conduit_failure_notices} AS notice
  WHERE (notice.queue = ANY (%(queues)s::text[])
      OR notice.since < pg_catalog.now() - interval '1 minute')
    AND NOT EXISTS (
      SELECT FROM {conduit_workers} AS worker WHERE worker.name = notice.reporter
    )
  LIMIT %(limit)s
  FOR UPDATE OF notice SKIP LOCKED
), failed AS MATERIALIZED (
  SELECT job.id, type, job.queue, attempts, max_attempts, payload::text, error,
    headers::text
  FROM found JOIN {jobs} AS job ON job.id = found.job
  WHERE status = 'failed'
), taken AS (
  UPDATE {conduit_failure_notices} SET reporter = %(worker)s
  WHERE job = ANY (ARRAY(SELECT id FROM failed))
), void AS (
  DELETE FROM {conduit_failure_notices}
  WHERE job = ANY (ARRAY(SELECT job FROM found EXCEPT SELECT id FROM failed))
)
SELECT * FROM failed
