coalesce(pg_catalog.sum(coalesce(job.weight, 1)), 0)
