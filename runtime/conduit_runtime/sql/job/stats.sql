SELECT status, pg_catalog.count(*),
       pg_catalog.count(*) FILTER (WHERE status = 'pending' AND {is_unreadable}),
       pg_catalog.count(*) FILTER (WHERE {is_refused})
FROM {jobs} AS job
WHERE %(queue)s::text IS NULL OR queue = %(queue)s
GROUP BY status
