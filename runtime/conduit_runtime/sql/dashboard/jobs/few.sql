-- The newest matching jobs of a status that has an index; all of them if they are few.
WITH few AS MATERIALIZED (
  SELECT pg_catalog.count(*) AS scanned,
         pg_catalog.count(*) FILTER (WHERE matches) AS found,
         (pg_catalog.array_agg(id ORDER BY id DESC)
            FILTER (WHERE matches AND id < %(before)s::uuid))[:%(limit)s::integer] AS ids
  FROM (
    SELECT id, {matches} AS matches
    FROM ({rows}) AS job
  ) AS job
)
SELECT few.scanned, few.found, {columns}
FROM few LEFT JOIN {jobs} AS job ON job.id = ANY (few.ids)
ORDER BY job.id DESC
