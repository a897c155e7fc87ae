-- What `begun` of a job that is retried becomes. One that waits keeps it: a fork that has not run yet has
-- a start, but stays the last of its key.
CASE WHEN job.status = 'pending' THEN job.begun
  WHEN job.key IS NOT NULL THEN job.started_at IS NOT NULL OR job.rescues > 0 END
