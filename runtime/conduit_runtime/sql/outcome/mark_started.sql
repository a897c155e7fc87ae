WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[], %(elapsed)s::bigint[])
    AS asked (id, token, elapsed)
), locked AS MATERIALIZED (
  SELECT job.id, asked.elapsed, {is_expired} AS is_expired
  FROM asked JOIN {jobs} AS job ON job.id = asked.id
  WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
    AND {is_wanted}
  FOR UPDATE OF job{skip_locked}
){release_expired}, started AS (
  UPDATE {jobs} AS job
  SET attempts = least(attempts, 2147483646) + 1, start_written = true, expires = NULL,
      started_at = greatest(locked_at, pg_catalog.now() - locked.elapsed::float8 * interval '1 us')
  FROM locked
  WHERE job.id = locked.id AND start_written IS NOT TRUE AND NOT is_expired
), held AS (
  SELECT job.id FROM asked JOIN {jobs} AS job ON job.id = asked.id
  WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
)
SELECT id FROM {held}
