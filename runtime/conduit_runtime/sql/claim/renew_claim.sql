-- Draws a new token for jobs whose claim took long, if the worker still holds them and they may
-- start. Changes that name the old token then have no effect.
UPDATE {jobs} AS job SET token = %(renewed)s
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) AS claimed (id, token)
WHERE job.id = claimed.id AND job.token = claimed.token AND coalesce(job.status = 'running', false)
  AND job.locked_by = %(worker)s
  AND job.queue <> ALL (ARRAY(SELECT name FROM {conduit_queues} WHERE paused_at IS NOT NULL))
RETURNING claimed.id, claimed.token
