CASE WHEN job.begun OR job.refusals IS NOT NULL THEN 0 ELSE 1 END
