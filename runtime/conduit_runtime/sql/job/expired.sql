SELECT id FROM {jobs} AS job
WHERE {is_expired}
ORDER BY job.run_at - '2000-01-01 00:00Z'::timestamptz + job.expires * interval '1 s'
LIMIT %(limit)s
