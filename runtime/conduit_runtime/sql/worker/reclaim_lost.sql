WITH running AS (
  SELECT job.id
  FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) AS lost (id, token)
  JOIN {jobs} AS job ON job.id = lost.id
  WHERE job.token = lost.token AND job.status = 'running'
  FOR UPDATE OF job SKIP LOCKED  -- skipped jobs are reclaimed later
), {reclaim}
