-- A job whose key another one holds is left out: what waits for it waits for the one that stands
-- instead, and for what it would have waited for.
{held}, flow_standing AS MATERIALIZED (
  SELECT asked.id, held.job AS stands, asked.position
  FROM flow_asked AS asked JOIN flow_held AS held ON held.type = asked.type AND held.key = asked.key
  WHERE held.job <> asked.id
), flow_link AS MATERIALIZED (
  WITH RECURSIVE link AS (
    SELECT link.job, link.next
    FROM unnest(%(flow_before)s::uuid[], %(flow_after)s::uuid[]) AS link (job, next)
    JOIN flow_asked ON flow_asked.id = link.job
  ), reach AS (
    SELECT job, next FROM link WHERE next NOT IN (SELECT id FROM flow_standing)
    UNION
    SELECT link.job, reach.next
    FROM reach
    JOIN flow_standing AS standing ON standing.id = reach.job
    JOIN link ON link.next = reach.job
  )
  SELECT DISTINCT
    coalesce(standing.stands, reach.job) AS job, reach.next,
    standing.id IS NOT NULL AND standing.stands NOT IN (
      SELECT id FROM flow_asked WHERE flow IS NOT NULL) AS watched
  FROM reach LEFT JOIN flow_standing AS standing ON standing.id = reach.job
  WHERE coalesce(standing.stands, reach.job) <> reach.next
), flow_kept AS (
  SELECT
    parent, id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay,
    flow, coalesce(links.count, 0)::int AS waits_for, on_failure{trace}, position
  FROM flow_asked AS asked
  LEFT JOIN (
    SELECT next, pg_catalog.count(*) FROM flow_link GROUP BY next
  ) AS links ON links.next = asked.id
  WHERE NOT EXISTS (SELECT FROM flow_standing AS standing WHERE standing.id = asked.id)
)
