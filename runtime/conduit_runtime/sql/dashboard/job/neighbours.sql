-- The jobs that a job waits or waited for, and those that wait for it.
WITH own AS MATERIALIZED (
  SELECT follows FROM {jobs} WHERE id = %(id)s::uuid
  UNION ALL
  SELECT follows FROM {conduit_blocked_jobs} WHERE id = %(id)s::uuid
  LIMIT 1
), listed AS (
  (SELECT 'before' AS role, before.id, before.place
   FROM own CROSS JOIN LATERAL pg_catalog.unnest(own.follows[1:%(listed)s::integer]) WITH ORDINALITY AS before (id, place)
   ORDER BY before.place)
  UNION ALL
  (SELECT 'after', next, 0 FROM {conduit_dependencies} WHERE job = %(id)s::uuid
   ORDER BY next LIMIT %(listed)s::integer)
)
{dashboard/job/briefs}
