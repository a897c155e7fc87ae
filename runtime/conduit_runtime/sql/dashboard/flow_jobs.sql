-- The jobs of a flow: those made right before it, and from them along what waits for what.
WITH RECURSIVE reached AS (
  SELECT found.id FROM (
    (SELECT id FROM (
       SELECT id, flow FROM {jobs} WHERE id < %(last)s::uuid ORDER BY id DESC LIMIT %(scanned)s::integer
     ) AS stored WHERE flow = %(flow)s::uuid)
    UNION ALL
    (SELECT id FROM (
       SELECT id, flow FROM {conduit_blocked_jobs}
       WHERE id < %(last)s::uuid ORDER BY id DESC LIMIT %(scanned)s::integer
     ) AS blocked WHERE flow = %(flow)s::uuid)
    UNION ALL
    SELECT %(seed)s::uuid
  ) AS found
  UNION
  SELECT link.id FROM reached CROSS JOIN LATERAL (
    SELECT pg_catalog.unnest(follows) AS id FROM {jobs} WHERE id = reached.id AND flow = %(flow)s::uuid
    UNION ALL
    SELECT pg_catalog.unnest(follows) FROM {conduit_blocked_jobs}
    WHERE id = reached.id AND flow = %(flow)s::uuid
    UNION ALL
    SELECT waiting.id FROM {conduit_dependencies} AS dependency
    JOIN {conduit_blocked_jobs} AS waiting ON waiting.id = dependency.next
    WHERE dependency.job = reached.id AND waiting.flow = %(flow)s::uuid
  ) AS link
), listed AS MATERIALIZED (
  SELECT ''::text AS role, id, 0 AS place FROM reached LIMIT %(limit)s::integer
)
{job_briefs}
