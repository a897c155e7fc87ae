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
  WHERE NOT EXISTS (
      SELECT FROM {jobs} AS job LEFT JOIN {conduit_queues} AS queue ON queue.name = job.queue
      WHERE job.id = page.job AND (job.status <> 'completed' OR coalesce(job.completed_at, job.created_at)
        > pg_catalog.now() - pg_catalog.make_interval(secs => coalesce(queue.keep_steps, 0))))
    AND NOT EXISTS (SELECT FROM {conduit_blocked_jobs} AS blocked WHERE blocked.id = page.job)
), steps AS (
  DELETE FROM {conduit_steps} AS step USING gone WHERE step.job = gone.job AND step.name = gone.name
), signals AS (
  DELETE FROM {conduit_signals} AS signal USING gone
  WHERE signal.job = gone.job AND signal.name = gone.name
)
SELECT job, name FROM page ORDER BY job, name
