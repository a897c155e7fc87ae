NOT EXISTS (SELECT FROM {jobs} AS job WHERE job.id = page.job AND job.status IN ('pending', 'running'))
       AND NOT EXISTS (
         SELECT FROM {conduit_blocked_jobs} AS blocked
         WHERE blocked.id = page.job AND blocked.error IS NULL)
