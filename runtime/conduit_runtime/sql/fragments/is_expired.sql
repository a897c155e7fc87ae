job.status = 'pending' AND job.expires IS NOT NULL
  AND job.run_at - '2000-01-01 00:00Z'::timestamptz + job.expires * interval '1 s'
    <= pg_catalog.now() - '2000-01-01 00:00Z'::timestamptz
