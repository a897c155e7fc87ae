job.status = 'pending' AND job.refusals IS NOT NULL
