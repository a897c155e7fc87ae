CASE WHEN job.started_at IS NULL AND job.rescues = 0 AND job.refusals IS NULL THEN 1 ELSE 0 END
