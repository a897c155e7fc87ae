-- Due jobs are counted lane by lane along the claim index, up to a limit; those not due are not read.
SELECT wanted.queue, coalesce(sum(due.count), 0)::bigint, coalesce(min(running.count), 0)::bigint,
       coalesce(extract(epoch FROM now() - min(due.oldest)), 0)::float8
FROM unnest(%(queues)s::text[]) AS wanted (queue)
LEFT JOIN LATERAL (
{waiting}
) AS lane ON true
LEFT JOIN LATERAL (
  SELECT count(*) AS count, min(head.run_at) AS oldest
  FROM (
    SELECT job.run_at FROM {jobs} AS job
    WHERE job.queue = wanted.queue AND job.status = 'pending' AND job.priority = lane.priority
      AND job.type = lane.type AND job.fingerprint = lane.fingerprint AND job.run_at <= now()
    ORDER BY job.run_at, job.seq
    LIMIT %(deepest)s
  ) AS head
) AS due ON true
LEFT JOIN (
  SELECT queue, count(*) AS count FROM {jobs} WHERE status = 'running' GROUP BY queue
) AS running ON running.queue = wanted.queue
GROUP BY wanted.queue
ORDER BY wanted.queue
