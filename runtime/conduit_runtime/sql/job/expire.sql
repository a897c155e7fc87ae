-- A job that was retried meanwhile has another due time.
WITH mine AS MATERIALIZED (
  SELECT id FROM {jobs} AS job
  WHERE id = ANY (%(ids)s::uuid[]) AND {is_expired}
  ORDER BY id
  FOR UPDATE SKIP LOCKED
), changed AS (
  UPDATE {jobs}
  SET status = 'cancelled', completed_at = pg_catalog.now(),
      error = pg_catalog.concat('expired: it had not started ', expires, ' s after it was due'),
      awaited = CASE WHEN awaited THEN {conduit_announce_end}(id) END
  WHERE id = ANY (ARRAY(SELECT id FROM mine))
  RETURNING id, flow, queue, type
), advanced AS MATERIALIZED (
  SELECT {conduit_advance}(pg_catalog.array_agg(id), '{}'::uuid[], 2000, false) FROM changed WHERE flow IS NOT NULL
  HAVING pg_catalog.count(*) > 0
)
SELECT queue, type, pg_catalog.count(*), (SELECT pg_catalog.count(*) FROM advanced)
FROM changed
GROUP BY queue, type
