job.status = 'pending' AND job.key IS NOT NULL AND pg_catalog.right(job.fingerprint, 1) = '~'
