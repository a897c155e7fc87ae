pg_catalog.split_part(job.fingerprint, '!', 1)
