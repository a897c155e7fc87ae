-- How long the ended jobs of each queue are kept, in seconds: as an operator set it for the queue, or
-- the longest time that a worker of the queue gives. If no worker gives a time, the jobs are kept for
-- ever; a worker that gives none does not count beside one that does.
SELECT queue, coalesce(control.keep_completed, served.keep_completed),
       coalesce(control.keep_failed, served.keep_failed)
FROM (
  SELECT queue, pg_catalog.max(worker.keep_completed) AS keep_completed,
         pg_catalog.max(worker.keep_failed) AS keep_failed
  FROM {conduit_workers} AS worker CROSS JOIN pg_catalog.unnest(worker.queues) AS queue
  GROUP BY queue
) AS served
FULL JOIN (
  SELECT name AS queue, keep_completed, keep_failed FROM {conduit_queues}
) AS control USING (queue)
WHERE pg_catalog.num_nonnulls(control.keep_completed, served.keep_completed, control.keep_failed,
                              served.keep_failed) > 0
