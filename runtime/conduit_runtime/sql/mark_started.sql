-- Writes the start of attempts that have none yet, and answers which of the jobs are still held.
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[], %(elapsed)s::bigint[])
    AS asked (id, token, elapsed)
), started AS (
  UPDATE {jobs} AS job
  SET attempts = attempts + 1,
      started_at = greatest(locked_at, now() - asked.elapsed * interval '1 us')
  FROM asked
  WHERE job.id = asked.id AND job.token = asked.token
    AND coalesce(job.status = 'running', false) AND (started_at >= locked_at) IS NOT TRUE
  RETURNING job.id
)
SELECT job.id FROM asked JOIN {jobs} AS job ON job.id = asked.id
WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
