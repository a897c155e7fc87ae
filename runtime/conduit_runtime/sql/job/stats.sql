SELECT status, pg_catalog.count(*) FROM {jobs}
WHERE %(queue)s::text IS NULL OR queue = %(queue)s
GROUP BY status
