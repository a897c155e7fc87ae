WITH {page}, changed AS (
  UPDATE {jobs} SET priority = %(to_priority)s::integer
  WHERE id = ANY (ARRAY(SELECT id FROM mine)) AND priority <> %(to_priority)s::integer
  RETURNING id, queue, run_at
), advanced AS MATERIALIZED (
  {notify_of_due}
)
{changed}
