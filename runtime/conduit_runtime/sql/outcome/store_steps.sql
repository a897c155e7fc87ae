-- Stores records of steps for the claims that still hold their jobs; returns the places of these
-- records, and of those whose jobs are held but locked by others. The lock of a job makes whatever
-- takes the job away wait for the record, so that the next attempt finds it.
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    %(ids)s::uuid[], %(tokens)s::uuid[], %(names)s::text[], %(values)s::text[],
    %(attempts)s::integer[], %(elapsed)s::bigint[]
  ) WITH ORDINALITY AS asked (id, token, name, value, attempt, elapsed, place)
), locked AS MATERIALIZED (
  SELECT asked.* FROM asked JOIN {jobs} AS job ON job.id = asked.id
  WHERE job.token = asked.token AND coalesce(job.status = 'running', false)
  FOR NO KEY UPDATE OF job SKIP LOCKED
), stored AS (
  INSERT INTO {conduit_steps} (job, name, value, attempt, started_at)
  SELECT id, name, value::json, attempt, pg_catalog.now() - elapsed::float8 * interval '1 us'
  FROM locked ORDER BY place
  ON CONFLICT DO NOTHING
)
SELECT ARRAY(SELECT place FROM locked), CASE
  WHEN (SELECT pg_catalog.count(*) FROM locked) < (SELECT pg_catalog.count(*) FROM asked)
  THEN ARRAY(
    SELECT asked.place FROM asked JOIN {jobs} AS job ON job.id = asked.id
    WHERE job.token = asked.token AND coalesce(job.status = 'running', false)) END
