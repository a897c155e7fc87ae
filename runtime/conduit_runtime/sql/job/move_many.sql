WITH {page}, changed AS (
  UPDATE {jobs} SET queue = %(to_queue)s::text
  WHERE id = ANY (ARRAY(SELECT id FROM mine)) AND queue <> %(to_queue)s::text
  RETURNING id, queue, run_at
), advanced AS MATERIALIZED (
  {notify_of_due}
)
{changed}
