-- The jobs of a flow with ids near the given ones, or the jobs with the given ids. The list of jobs
-- that a job follows is often long and the same for many jobs: only the first row with a hash has it.
-- Together the lists have at most `followed` ids.
WITH near AS MATERIALIZED (
  SELECT around.id, around.ascending
  FROM unnest(%(near)s::uuid[], %(ascending)s::boolean[]) AS around (id, ascending)
), found AS (
  SELECT job.id FROM near CROSS JOIN LATERAL (
    (SELECT id, flow FROM {jobs}
     WHERE id >= near.id AND near.ascending ORDER BY id LIMIT %(scanned)s::integer)
    UNION ALL
    (SELECT id, flow FROM {jobs}
     WHERE id < near.id AND NOT near.ascending ORDER BY id DESC LIMIT %(scanned)s::integer)
    UNION ALL
    (SELECT id, flow FROM {conduit_blocked_jobs}
     WHERE id >= near.id AND near.ascending ORDER BY id LIMIT %(scanned)s::integer)
    UNION ALL
    (SELECT id, flow FROM {conduit_blocked_jobs}
     WHERE id < near.id AND NOT near.ascending ORDER BY id DESC LIMIT %(scanned)s::integer)
  ) AS job
  WHERE job.flow = %(flow)s::uuid
  UNION
  SELECT pg_catalog.unnest(%(ids)s::uuid[])
), listed AS (
  SELECT ''::text AS role, id, 0 AS place FROM found ORDER BY id LIMIT %(limit)s::integer
), briefs AS (
{dashboard/job/briefs}
), keyed AS (
  SELECT *, pg_catalog.hash_array_extended(follows, 0) AS key FROM briefs
), counted AS (
  SELECT *, CASE WHEN pg_catalog.row_number() OVER (PARTITION BY key ORDER BY id) = 1
            THEN coalesce(pg_catalog.cardinality(follows), 0) ELSE 0 END AS own
  FROM keyed
)
SELECT role, id, queue, type, status, flow, parent, run_at, started_at, completed_at, key,
       CASE WHEN own > 0 THEN follows[1:greatest(
         %(followed)s::integer - (pg_catalog.sum(own) OVER (ORDER BY id) - own), 0)::integer] END
FROM counted
ORDER BY id
