WITH {page}, changed AS (
  UPDATE {jobs} SET run_at = pg_catalog.now()
  WHERE id = ANY (ARRAY(SELECT id FROM mine)) AND run_at > pg_catalog.now()
  RETURNING id, queue
), advanced AS MATERIALIZED (
  SELECT pg_catalog.pg_notify({queue_channel}, '')
  FROM changed
  WHERE {wakes}
  GROUP BY queue
)
{changed}
