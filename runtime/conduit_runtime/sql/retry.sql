WITH present AS MATERIALIZED (
  SELECT id, status FROM {jobs} WHERE id = %(id)s FOR UPDATE
), retried AS (
  UPDATE {jobs} AS job
  SET status = 'pending', attempts = 0, run_at = pg_catalog.now(), completed_at = NULL, token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  FROM present
  WHERE job.id = present.id
  RETURNING job.tableoid, job.queue, present.status = 'running' AS was_running,
    pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off' AS tells
)
SELECT CASE WHEN tells
    THEN pg_catalog.pg_notify(
      pg_catalog.concat('conduit_', tableoid, '_', pg_catalog.hashtext(queue)), '') END,
  -- A worker that holds it does not start it any more.
  CASE WHEN tells AND was_running
    THEN pg_catalog.pg_notify(pg_catalog.concat('conduit_', tableoid), 'control') END
FROM retried
