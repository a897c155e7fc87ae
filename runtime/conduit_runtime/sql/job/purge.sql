-- Deletes ended jobs from this id on, one page at a time. Locked jobs stay, and so do jobs that
-- others have not been released from.
WITH {purge_page}, free AS MATERIALIZED (
  SELECT id FROM {jobs} AS job
  WHERE id = ANY (ARRAY(SELECT id FROM page WHERE is_old))
    AND status IN ('completed', 'failed', 'cancelled')
    -- A job that waits for a deleted job could not find out whether it succeeded.
    AND NOT EXISTS (SELECT FROM {conduit_dependencies} AS dependency WHERE dependency.job = job.id)
  FOR UPDATE SKIP LOCKED
), gone AS (
  DELETE FROM {jobs} WHERE id = ANY (ARRAY(SELECT id FROM free)) RETURNING id
), steps AS (
  DELETE FROM {conduit_steps} WHERE job = ANY (ARRAY(SELECT id FROM gone))
), signals AS (
  DELETE FROM {conduit_signals} WHERE job = ANY (ARRAY(SELECT id FROM gone))
)
SELECT (SELECT pg_catalog.count(*) FROM gone), pg_catalog.count(*), (SELECT id FROM page ORDER BY id DESC LIMIT 1)
FROM page
