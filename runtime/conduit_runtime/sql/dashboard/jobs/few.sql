-- The first matching jobs among so many rows, in an order, and how many of these rows match.
WITH few AS MATERIALIZED (
  SELECT pg_catalog.count(*) AS scanned,
         pg_catalog.count(*) FILTER (WHERE matches) AS found,
         (pg_catalog.array_agg(id ORDER BY {sorted})
            FILTER (WHERE matches AND id {beyond} %(before)s::uuid))[:%(limit)s::integer] AS ids
  FROM (
    SELECT id, attempts, priority, run_at, started_at, completed_at, {matches} AS matches
    FROM ({rows}) AS job
  ) AS job
)
SELECT few.scanned, few.found, {columns}
FROM few LEFT JOIN {jobs} AS job ON job.id = ANY (few.ids)
ORDER BY {placed}
