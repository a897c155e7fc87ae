WITH {page}, changed AS (
  UPDATE {jobs}
  SET status = 'cancelled', completed_at = pg_catalog.now(), {clear_claim},
      awaited = CASE WHEN awaited THEN {conduit_announce_end}(id) END
  WHERE id = ANY (ARRAY(SELECT id FROM mine))
  RETURNING id, flow
), advanced AS MATERIALIZED (
  SELECT {conduit_advance}(pg_catalog.array_agg(id), '{}'::uuid[], 2000, false) FROM changed WHERE flow IS NOT NULL
  HAVING pg_catalog.count(*) > 0
)
{changed}
