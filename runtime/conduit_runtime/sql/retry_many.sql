{page}, changed AS (
  UPDATE {jobs}
  SET status = 'pending', attempts = 0, run_at = pg_catalog.now(), completed_at = NULL, token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = ANY (ARRAY(SELECT id FROM mine))
  RETURNING id, tableoid, queue
), advanced AS MATERIALIZED (
  SELECT pg_catalog.pg_notify(
    pg_catalog.concat('conduit_', tableoid, '_', pg_catalog.hashtext(queue)), '')
  FROM changed
  WHERE pg_catalog.current_setting('conduit.wake', true) IS DISTINCT FROM 'off'
  GROUP BY tableoid, queue
)
{changed}
