-- Stores records of steps for the claims that still hold their jobs; returns the places of these
-- records, and of those whose jobs are held but locked by others. The lock of a job makes whatever
-- takes the job away wait for the record, so that the next attempt finds it. That attempt looks for
-- records only if the job has begun, so the first record writes that, too.
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    %(ids)s::uuid[], %(tokens)s::uuid[], %(names)s::text[], %(values)s::text[],
    %(attempts)s::integer[], %(elapsed)s::bigint[]
  ) WITH ORDINALITY AS asked (id, token, name, value, attempt, elapsed, place)
), locked AS MATERIALIZED (
  SELECT asked.* FROM asked JOIN {jobs} AS job ON job.id = asked.id
  WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
  FOR NO KEY UPDATE OF job SKIP LOCKED
), begun AS (
  UPDATE {jobs} AS job
  SET started_at = greatest(job.locked_at, pg_catalog.now() - locked.elapsed::float8 * interval '1 us')
  FROM locked
  WHERE job.id = locked.id AND job.started_at IS NULL
), stored AS (
  INSERT INTO {conduit_steps} (job, name, value, attempt, started_at)
  SELECT id, name, value::json, attempt, pg_catalog.now() - elapsed::float8 * interval '1 us'
  FROM locked
  -- An earlier try of this statement may have stored it. ON CONFLICT would write more WAL.
  WHERE NOT EXISTS (
    SELECT FROM {conduit_steps} AS step WHERE step.job = locked.id AND step.name = locked.name)
  ORDER BY place
)
SELECT ARRAY(SELECT place FROM locked), CASE
  WHEN (SELECT pg_catalog.count(*) FROM locked) < (SELECT pg_catalog.count(*) FROM asked)
  THEN ARRAY(
    SELECT asked.place FROM asked JOIN {jobs} AS job ON job.id = asked.id
    WHERE job.token = asked.token AND coalesce(job.status = 'running', false)) END
