pg_catalog.split_part(pg_catalog.rtrim(job.fingerprint, '~'), '!', 1)
