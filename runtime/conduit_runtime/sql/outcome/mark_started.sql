WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[], %(elapsed)s::bigint[])
    AS asked (id, token, elapsed)
), unwritten AS MATERIALIZED (
  SELECT job.id, asked.elapsed FROM asked JOIN {jobs} AS job ON job.id = asked.id
  WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
    AND start_written IS NOT TRUE
  FOR UPDATE OF job{skip_locked}
), started AS (
  UPDATE {jobs} AS job
  SET attempts = least(attempts, 2147483646) + 1, start_written = true,
      started_at = greatest(locked_at, pg_catalog.now() - unwritten.elapsed::float8 * interval '1 us')
  FROM unwritten
  WHERE job.id = unwritten.id
)
SELECT job.id FROM asked JOIN {jobs} AS job ON job.id = asked.id
WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
