-- The jobs that a job enqueued, among the newest of a range of ids, and the number of scanned jobs.
WITH scanned AS MATERIALIZED (
  (SELECT id, parent FROM {jobs}
   WHERE id >= %(first)s::uuid AND id < %(last)s::uuid
   ORDER BY id DESC LIMIT %(scanned)s::integer)
  UNION ALL
  (SELECT id, parent FROM {conduit_blocked_jobs}
   WHERE id >= %(first)s::uuid AND id < %(last)s::uuid
   ORDER BY id DESC LIMIT %(scanned)s::integer)
), listed AS (
  SELECT ''::text AS role, id, 0 AS place
  FROM scanned WHERE parent = %(id)s::uuid
  ORDER BY id LIMIT %(listed)s::integer
), briefs AS (
{dashboard/job/briefs}
)
SELECT counted.jobs, id, queue, type, status, flow, parent, run_at, started_at, completed_at
FROM (SELECT pg_catalog.count(*) AS jobs FROM scanned) AS counted LEFT JOIN briefs ON true
ORDER BY id
