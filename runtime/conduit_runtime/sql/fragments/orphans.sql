SELECT job.id FROM {jobs} AS job
WHERE job.status = 'running' AND CASE
  WHEN job.leased_until IS NOT NULL THEN job.leased_until < pg_catalog.now()
  ELSE NOT EXISTS (
    SELECT FROM {conduit_workers} AS worker WHERE worker.name = job.locked_by
  ) END
