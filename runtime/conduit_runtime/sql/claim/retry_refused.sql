-- Makes the refused jobs due that would be due first; those that Postgres refuses again are due later
-- than others, so all have their turn. One that is due later than a refusal puts off has got its time
-- by hand.
UPDATE {jobs} SET run_at = pg_catalog.now()
WHERE ctid = ANY (ARRAY(
  SELECT refused.ctid
  FROM pg_catalog.unnest(%(queues)s::text[]) AS asked (queue)
  CROSS JOIN LATERAL (
    SELECT job.ctid FROM {jobs} AS job
    WHERE job.queue = asked.queue AND {is_refused}
      AND job.run_at > pg_catalog.now() AND job.run_at < pg_catalog.now() + interval '90 seconds'
    ORDER BY job.run_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
  ) AS refused
))
