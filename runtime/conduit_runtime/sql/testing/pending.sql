SELECT queue, type, pg_catalog.count(*), pg_catalog.bool_or(run_at <= pg_catalog.now())
FROM {jobs} WHERE status = 'pending'
GROUP BY queue, type ORDER BY queue, type
