WITH {page}, forgotten AS (
  -- The queue of a job that has completed may keep its steps; it begins anew.
  DELETE FROM {conduit_steps} WHERE job = ANY (ARRAY(SELECT id FROM mine WHERE status = 'completed'))
), changed AS (
  UPDATE {jobs} AS job
  SET status = 'pending', attempts = 0, run_at = pg_catalog.now(), completed_at = NULL,
      begun = {retried_begun},
      fingerprint = {original}, {clear_claim}
  WHERE id = ANY (ARRAY(SELECT id FROM mine))
  RETURNING id, queue
), advanced AS MATERIALIZED (
  SELECT pg_catalog.pg_notify({queue_channel}, '')
  FROM changed
  WHERE {wakes}
  GROUP BY queue
)
{changed}
