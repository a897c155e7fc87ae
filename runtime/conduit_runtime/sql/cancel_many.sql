{page}, changed AS (
  UPDATE {jobs}
  SET status = 'cancelled', completed_at = now(), token = NULL,
      locked_by = NULL, locked_at = NULL, leased_until = NULL
  WHERE id = ANY (ARRAY(SELECT id FROM mine))
  RETURNING id, flow
), advanced AS MATERIALIZED (
  SELECT {conduit_advance}(array_agg(id)) FROM changed WHERE flow IS NOT NULL HAVING count(*) > 0
)
{changed}
