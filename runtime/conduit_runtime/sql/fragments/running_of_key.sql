-- As the index of running jobs by key has it, so that no other index will do.
coalesce(job.status = 'running' AND job.key IS NOT NULL, false) AND job.key COLLATE "C" = its.key
