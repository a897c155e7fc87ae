-- The types whose claim Postgres refused last: how many jobs, and the reason for the one it refused most.
SELECT queue, type, pg_catalog.count(*),
       (pg_catalog.array_agg(coalesce(error, '') ORDER BY refusals DESC, id))[1]
FROM {jobs} AS job
WHERE {is_refused}
GROUP BY queue, type
ORDER BY queue, type
LIMIT 20
