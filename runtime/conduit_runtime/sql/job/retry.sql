WITH present AS MATERIALIZED (
  SELECT id, status FROM {jobs} WHERE id = %(id)s FOR UPDATE
), forgotten AS (
  -- The queue of a job that has completed may keep its steps; it begins anew.
  DELETE FROM {conduit_steps}
  WHERE %(anew)s::boolean AND job = ANY (ARRAY(SELECT id FROM present WHERE status = 'completed'))
), retried AS (
  UPDATE {jobs} AS job
  SET status = 'pending', attempts = 0, run_at = pg_catalog.now(), completed_at = NULL,
      begun = {retried_begun},
      fingerprint = {original}, {clear_claim}
  FROM present
  WHERE job.id = present.id
  RETURNING job.queue, present.status = 'running' AS was_running,
    {wakes} AS wakes
)
SELECT CASE WHEN wakes
    THEN pg_catalog.pg_notify(
      {queue_channel}, '') END,
  -- So that a worker that holds the job does not start it.
  CASE WHEN wakes AND was_running
    THEN pg_catalog.pg_notify({control_channel}, 'control') END
FROM retried
