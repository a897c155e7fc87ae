-- One page of the records and signals after this one, without those of jobs that are gone, or completed
-- longer ago than their queue keeps them: it kept none, and a statement that is not ours ended the job, or an
-- attempt that did not know of them.
WITH page AS MATERIALIZED (
  SELECT job, name FROM (
    (SELECT job, name FROM {conduit_steps}
     WHERE (job, name) > (%(job)s::uuid, %(name)s::text)
     ORDER BY job, name LIMIT %(limit)s)
    UNION ALL
    (SELECT job, name FROM {conduit_signals}
     WHERE (job, name) > (%(job)s::uuid, %(name)s::text)
     ORDER BY job, name LIMIT %(limit)s)
  ) AS either
  ORDER BY job, name
  LIMIT %(limit)s
), gone AS MATERIALIZED (
  SELECT job, name FROM page
  -- A value and not a join, which could read all jobs.
  WHERE NOT coalesce((
      SELECT job.status <> 'completed' OR coalesce(job.completed_at, job.created_at)
        > pg_catalog.now() - pg_catalog.make_interval(secs => coalesce(
          (SELECT keep_steps FROM {conduit_queues} AS queue WHERE queue.name = job.queue), 0))
      FROM {jobs} AS job WHERE job.id = page.job), false)
    AND NOT EXISTS (SELECT FROM {conduit_blocked_jobs} AS blocked WHERE blocked.id = page.job)
), steps AS (
  DELETE FROM {conduit_steps} AS step USING gone WHERE step.job = gone.job AND step.name = gone.name
), signals AS (
  DELETE FROM {conduit_signals} AS signal USING gone
  WHERE signal.job = gone.job AND signal.name = gone.name
)
SELECT job, name FROM page ORDER BY job, name
